import { ChevronLeftIcon, ChevronRightIcon } from '@radix-ui/react-icons';
import { IconButton, SegmentedControl, TextField } from '@radix-ui/themes';
import { useMemo, useState } from 'react';
import type { ConnectionState } from '../../../client/connections.ts';
import type { SendBody } from '../../../client/send-documents.ts';
import { connectionName } from '../../data/connections.ts';
import { formatCount } from '../../parts/format.ts';
import { Sheet } from '../../parts/page.tsx';
import { NOBODY, RehearsedMessage } from '../../parts/rehearsed-message.tsx';
import { Empty } from '../../parts/states.tsx';
import { identityOf, type Named } from './audience.ts';
import type { ChannelDraft, Draft } from './draft.ts';
import { writeChannel } from './draft-body.ts';

interface PreviewPartProps {
  readonly draft: Draft;
  readonly connections: readonly ConnectionState[];
  readonly sample: readonly Named[];
}

/** What one of them would be sent over one of the channels, as the server writes it. */
export function PreviewPart({ draft, connections, sample }: PreviewPartProps) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [typed, setTyped] = useState('');
  const channel = draft.channels.find(({ connectionId }) => connectionId === chosen) ?? draft.channels[0];
  const connection = connections.find(({ id }) => id === channel?.connectionId);
  const place = Math.min(at, Math.max(0, sample.length - 1));
  const person: Named | undefined = typed.trim() === '' ? sample[place] : typed.trim();
  return (
    <aside className="compose-preview" aria-label="Preview">
      <Sheet title="Preview">
        {channel === undefined || connection === undefined ? (
          <Empty title="Choose a channel">Then you see here what each person gets.</Empty>
        ) : (
          <div className="stack">
            {draft.channels.length > 1 && (
              <SegmentedControl.Root
                size="1"
                value={channel.connectionId}
                onValueChange={setChosen}
                aria-label="Channel of the preview"
                className="own-forms"
              >
                {draft.channels.map(({ connectionId }) => (
                  <SegmentedControl.Item key={connectionId} value={connectionId}>
                    {nameOf(connections, connectionId)}
                  </SegmentedControl.Item>
                ))}
              </SegmentedControl.Root>
            )}
            <div className="compose-person">
              <TextField.Root
                size="2"
                aria-label="Whose preview"
                placeholder={person === undefined ? 'Somebody to show it for' : identityOf(person)}
                value={typed}
                onChange={({ target }) => setTyped(target.value)}
              />
              {sample.length > 1 && (
                <>
                  <IconButton
                    type="button"
                    variant="soft"
                    color="gray"
                    aria-label="The one before"
                    disabled={place === 0 || typed !== ''}
                    onClick={() => setAt(place - 1)}
                  >
                    <ChevronLeftIcon />
                  </IconButton>
                  <IconButton
                    type="button"
                    variant="soft"
                    color="gray"
                    aria-label="The next one"
                    disabled={place >= sample.length - 1 || typed !== ''}
                    onClick={() => setAt(place + 1)}
                  >
                    <ChevronRightIcon />
                  </IconButton>
                  <span className="quiet number compose-place">
                    {formatCount(place + 1)} of {formatCount(sample.length)}
                  </span>
                </>
              )}
            </div>
            <Rehearsal {...{ draft, channel, connection, connections, person }} />
          </div>
        )}
      </Sheet>
    </aside>
  );
}

const nameOf = (connections: readonly ConnectionState[], id: string): string => {
  const found = connections.find((connection) => connection.id === id);
  return found === undefined ? id : connectionName(found);
};

interface RehearsalProps extends Omit<PreviewPartProps, 'sample'> {
  readonly channel: ChannelDraft;
  readonly connection: ConnectionState;
  readonly person: Named | undefined;
}

function Rehearsal({ draft, channel, connection, connections, person }: RehearsalProps) {
  const written = useMemo(() => writeChannel(draft, channel, connections), [draft, channel, connections]);
  const body = useMemo<SendBody | null>(
    () => ('words' in written ? { ...written.words, recipients: [person ?? NOBODY] } : null),
    [written, person],
  );
  const missing = 'problems' in written ? `${written.problems[0]?.sentence ?? 'nothing is written yet'}.` : null;
  return (
    <RehearsedMessage channel={connection.channel} body={body} missing={missing} isNobody={person === undefined} />
  );
}
