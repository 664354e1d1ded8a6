import { Theme } from '@radix-ui/themes';
import { createContext, type ReactNode, use, useState, useSyncExternalStore } from 'react';
import { recall, remember } from './memory.ts';

export type Appearance = 'light' | 'dark' | 'system';

interface AppearanceChoice {
  readonly chosen: Appearance;
  readonly shown: 'light' | 'dark';
  choose(appearance: Appearance): void;
}

const AppearanceContext = createContext<AppearanceChoice | null>(null);

const KEY = 'appearance';
const DARK = window.matchMedia('(prefers-color-scheme: dark)');

function subscribe(onChange: () => void): () => void {
  DARK.addEventListener('change', onChange);
  return () => DARK.removeEventListener('change', onChange);
}

const isAppearance = (value: string | null): value is Appearance =>
  value === 'light' || value === 'dark' || value === 'system';

/** Light or dark, as the operator chose or as their system is. */
export function AppearanceProvider({ children }: { readonly children: ReactNode }) {
  const [chosen, setChosen] = useState<Appearance>(() => {
    const kept = recall(KEY);
    return isAppearance(kept) ? kept : 'system';
  });
  const isDark = useSyncExternalStore(subscribe, () => DARK.matches);
  const shown = chosen === 'system' ? (isDark ? 'dark' : 'light') : chosen;
  const choose = (appearance: Appearance) => {
    remember(KEY, appearance);
    setChosen(appearance);
  };
  return (
    <AppearanceContext value={{ chosen, shown, choose }}>
      <Theme appearance={shown} accentColor="iris" grayColor="slate" radius="large" panelBackground="solid">
        {children}
      </Theme>
    </AppearanceContext>
  );
}

export function useAppearance(): AppearanceChoice {
  const choice = use(AppearanceContext);
  if (choice === null) throw new Error('useAppearance is called outside AppearanceProvider');
  return choice;
}
