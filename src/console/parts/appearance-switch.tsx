import { DesktopIcon, MoonIcon, SunIcon } from '@radix-ui/react-icons';
import { SegmentedControl } from '@radix-ui/themes';
import { type Appearance, useAppearance } from './appearance.tsx';

/** Light, dark, or as the system is. */
export function AppearanceSwitch() {
  const { chosen, choose } = useAppearance();
  return (
    <SegmentedControl.Root
      size="1"
      value={chosen}
      onValueChange={(value) => choose(value as Appearance)}
      aria-label="Appearance"
    >
      <SegmentedControl.Item value="system" aria-label="As the system is" title="As the system is">
        <DesktopIcon />
      </SegmentedControl.Item>
      <SegmentedControl.Item value="light" aria-label="Light" title="Light">
        <SunIcon />
      </SegmentedControl.Item>
      <SegmentedControl.Item value="dark" aria-label="Dark" title="Dark">
        <MoonIcon />
      </SegmentedControl.Item>
    </SegmentedControl.Root>
  );
}
