import { Button } from '@radix-ui/themes';
import { useLocation } from 'wouter';
import { useBotPath } from '../../data/bot.tsx';
import { useArchiveTemplate } from '../../data/templates.ts';
import { useConfirm } from '../../parts/confirm.tsx';
import { useToasts } from '../../parts/toasts.tsx';

export function ArchiveButton({ name }: { readonly name: string }) {
  const archive = useArchiveTemplate();
  const confirm = useConfirm();
  const toasts = useToasts();
  const to = useBotPath();
  const [, go] = useLocation();
  const ask = () =>
    confirm({
      title: `Archive ${name}?`,
      verb: 'Archive',
      isDestructive: true,
      children: (
        <p>
          It can be sent no more: programs that name it are refused. What was accepted is sent. Saving it again brings
          it back.
        </p>
      ),
      run: async () => {
        await archive.mutateAsync(name);
        toasts.done(`${name} is archived`);
        go(to('templates'));
        return null;
      },
    });
  return (
    <Button variant="soft" color="gray" onClick={ask}>
      Archive…
    </Button>
  );
}
