import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useClient } from './client.tsx';
import { newId } from './new-id.ts';

/** Makes a bot; its maker may use it at once. */
export function useMakeBot() {
  const { admin } = useClient();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => admin.bots.save(newId('st'), { name }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['session'] }),
  });
}
