import { Cross2Icon, PlusIcon } from '@radix-ui/react-icons';
import { Button, IconButton } from '@radix-ui/themes';
import { connectionName } from '../../data/connections.ts';
import { ChannelMark } from '../../parts/channel.tsx';
import { firstMessage } from '../../parts/message/forms.ts';
import { MessageEditor } from '../../parts/message/message-editor.tsx';
import { problemAt } from '../../parts/problems.ts';
import type { ChannelDraft } from './draft.ts';
import type { MessagePartProps } from './message-part.tsx';

/** What some channels say instead of the text of all. */
export function OwnMessages({ draft, change, problems, connections }: MessagePartProps) {
  const set = (connectionId: string, own: ChannelDraft['own']) =>
    change({ channels: draft.channels.map((each) => (each.connectionId === connectionId ? { ...each, own } : each)) });
  const found = draft.channels.flatMap((channel, index) => {
    const connection = connections.find(({ id }) => id === channel.connectionId);
    return connection === undefined ? [] : [{ ...channel, connection, index }];
  });
  const without = found.filter(({ own }) => own === null);
  return (
    <>
      {found.map(({ own, connection, index }) =>
        own === null ? null : (
          <fieldset className="own" key={connection.id}>
            <legend className="own-head">
              <ChannelMark id={connection.channel} /> On {connectionName(connection)}
            </legend>
            <MessageEditor
              channel={connection.channel}
              own={own}
              error={
                problemAt(problems, `/channels/${index}/message`) ??
                (index === 0 ? problemAt(problems, '/message') : null)
              }
              onChange={(changed) => set(connection.id, changed)}
            />
            <IconButton
              type="button"
              variant="ghost"
              color="gray"
              className="own-drop"
              aria-label={`On ${connectionName(connection)}: say what the others say`}
              onClick={() => set(connection.id, null)}
            >
              <Cross2Icon />
            </IconButton>
          </fieldset>
        ),
      )}
      {without.length > 0 && (
        <div className="own-offers">
          {without.map(({ connection }) => (
            <Button
              key={connection.id}
              type="button"
              size="1"
              variant="soft"
              color="gray"
              onClick={() => set(connection.id, firstMessage(connection.channel, draft.text))}
            >
              <PlusIcon /> {OFFERS[connection.channel] ?? 'Other words'} for {connectionName(connection)}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

const OFFERS: Readonly<Record<string, string>> = {
  msteams: 'A card',
  slack: 'Blocks',
  whatsapp: 'A template',
  email: 'A mail',
};
