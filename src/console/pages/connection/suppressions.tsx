import { Button } from '@radix-ui/themes';
import { useLift, useSuppressions } from '../../data/connections.ts';
import { useMay } from '../../data/session.tsx';
import { useConfirm } from '../../parts/confirm.tsx';
import { Sheet } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import { useToasts } from '../../parts/toasts.tsx';

const WORDS = { opted_out: 'asked not to be written to', address_dead: 'address is dead' } as const;

/** Who is not written to over a connection, and letting them be written to again. */
export function Suppressions({ connectionId }: { readonly connectionId: string }) {
  const list = useSuppressions(connectionId);
  const lift = useLift(connectionId);
  const confirm = useConfirm();
  const toasts = useToasts();
  const maySend = useMay('sender');
  const rows = list.data?.pages.flatMap((page) => page.suppressions) ?? [];
  const ask = (identity: string) =>
    confirm({
      title: `Write to ${identity} again?`,
      verb: 'Let them be written to',
      children:
        'From the next notification on. Do this only if they said so; whoever opts out later is left alone again.',
      run: async () => {
        await lift(identity);
        toasts.done(`${identity} is written to again`);
        return null;
      },
    });
  return (
    <Sheet title="Not written to" padded={false}>
      {list.isPending && <Loading />}
      {list.isError && <Trouble error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <Empty title="Nobody">Whoever opts out, or whose address is dead, is listed here.</Empty>
      )}
      {rows.length > 0 && (
        <div className="scroll-x">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Identity</th>
                <th scope="col">Why</th>
                <th scope="col" className="end">
                  Since
                </th>
                <td />
              </tr>
            </thead>
            <tbody>
              {rows.map(({ identity, reason, detail, since }) => (
                <tr key={identity}>
                  <td className="mono">{identity}</td>
                  <td className="quiet">{detail ?? WORDS[reason]}</td>
                  <td className="end quiet">
                    <Ago at={since} />
                  </td>
                  <td className="end">
                    {maySend && (
                      <Button size="1" variant="soft" color="gray" onClick={() => ask(identity)}>
                        Lift…
                      </Button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <ShowMore list={list} />
    </Sheet>
  );
}
