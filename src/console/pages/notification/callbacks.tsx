import { Badge } from '@radix-ui/themes';
import type { Callback } from '../../../client/notification-documents.ts';
import { useCallbacks } from '../../data/callbacks.ts';
import { Sheet } from '../../parts/page.tsx';
import { Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

const COLORS = { pending: 'iris', delivered: 'jade', given_up: 'red' } as const satisfies Record<
  Callback['state'],
  string
>;

/** What programs were told of it, and how it went; nothing where nobody asked to be told. */
export function Callbacks({ notificationId, version }: { readonly notificationId: string; readonly version: string }) {
  const found = useCallbacks(notificationId, version);
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const callbacks = found.data?.callbacks ?? [];
  if (callbacks.length === 0) return null;
  return (
    <Sheet title="Callbacks" padded={false}>
      <ul className="callbacks">
        {callbacks.map((callback) => (
          <li key={callback.id} className="callback">
            <div className="callback-head">
              <strong>{callback.event}</strong>
              <Badge color={COLORS[callback.state]}>{callback.state.replace('_', ' ')}</Badge>
            </div>
            {callback.tries.map(({ at, status, detail, durationMs }) => (
              <p key={at} className="number quiet">
                <Ago at={at} />: {status === null ? 'no answer' : `HTTP ${status}`} in {durationMs} ms
                {detail !== null && `, ${detail}`}
              </p>
            ))}
            {callback.nextTryAt !== null && (
              <p className="quiet">
                Next try <Ago at={callback.nextTryAt} />
              </p>
            )}
          </li>
        ))}
      </ul>
    </Sheet>
  );
}
