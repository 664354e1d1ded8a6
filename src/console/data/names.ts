import { useApps } from './apps.ts';
import { useOperators } from './operators.ts';

/** What operators and apps are called, by their ids; null: nobody of them is called that, or not any more. */
export function useNames(): (id: string) => string | null {
  const operators = useOperators().data?.operators ?? [];
  const apps = useApps().data?.apps ?? [];
  const names = new Map([
    ...operators.map(({ id, name }) => [id, name] as const),
    ...apps.map(({ clientId, name }) => [clientId, name] as const),
  ]);
  return (id) => names.get(id) ?? null;
}
