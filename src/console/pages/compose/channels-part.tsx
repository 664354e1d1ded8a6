import { ArrowDownIcon, ArrowUpIcon, Cross2Icon } from '@radix-ui/react-icons';
import { Checkbox, IconButton, Text, TextField } from '@radix-ui/themes';
import type { ConnectionState } from '../../../client/connections.ts';
import { FALL_BACK_CAUSES, type FallBackCause } from '../../../model/fall-back.ts';
import { connectionName } from '../../data/connections.ts';
import { ChannelMark } from '../../parts/channel.tsx';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { problemAt } from '../../parts/problems.ts';
import type { PartProps } from './compose.tsx';
import { type ChannelDraft, newChannel } from './draft.ts';

const MOST = 5;

interface ChannelsPartProps extends PartProps {
  readonly connections: readonly ConnectionState[];
}

/** Over which channels, in order: whoever is not reached on one is sent it on the next. */
export function ChannelsPart({ draft, change, problems, connections }: ChannelsPartProps) {
  const { channels } = draft;
  const free = connections.filter(({ id }) => !channels.some(({ connectionId }) => connectionId === id));
  const set = (changed: readonly ChannelDraft[]) => change({ channels: changed });
  const swap = (index: number, other: number) => {
    const [one, two] = [channels[index], channels[other]];
    if (one === undefined || two === undefined) return;
    set(channels.map((channel, at) => (at === index ? two : at === other ? one : channel)));
  };
  return (
    <Sheet title="Where" padded={false}>
      <ol className="routes">
        {channels.map((channel, index) => {
          const connection = connections.find(({ id }) => id === channel.connectionId);
          if (connection === undefined) return null;
          const name = connectionName(connection);
          return (
            <li key={channel.connectionId} className="route">
              <div className="route-head">
                <ChannelMark id={connection.channel} />
                <span className="route-name">{name}</span>
                <span className="quiet route-rank">{index === 0 ? 'first' : 'then'}</span>
                <div className="route-moves">
                  <IconButton
                    type="button"
                    variant="ghost"
                    color="gray"
                    disabled={index === 0}
                    aria-label={`${name}: earlier`}
                    onClick={() => swap(index, index - 1)}
                  >
                    <ArrowUpIcon />
                  </IconButton>
                  <IconButton
                    type="button"
                    variant="ghost"
                    color="gray"
                    disabled={index === channels.length - 1}
                    aria-label={`${name}: later`}
                    onClick={() => swap(index, index + 1)}
                  >
                    <ArrowDownIcon />
                  </IconButton>
                  <IconButton
                    type="button"
                    variant="ghost"
                    color="gray"
                    aria-label={`${name}: leave out`}
                    onClick={() => set(channels.filter((_, at) => at !== index))}
                  >
                    <Cross2Icon />
                  </IconButton>
                </div>
              </div>
              {index > 0 && (
                <FallBackFields
                  channel={channel}
                  error={problemAt(problems, `/channels/${index}`)}
                  onChange={(changed) =>
                    set(channels.map((each, at) => (at === index ? { ...each, ...changed } : each)))
                  }
                />
              )}
            </li>
          );
        })}
      </ol>
      <div className="sheet-body">
        <Field
          label={channels.length === 0 ? 'Channel' : 'And if that does not reach somebody'}
          optional={channels.length > 0}
          error={problemAt(problems, '/channels', '/channel', '/connection')}
          hint={
            free.length === 0
              ? connections.length === 0
                ? 'This bot has no connection yet: add one under Connections.'
                : 'All channels of this bot are there.'
              : undefined
          }
        >
          {(tie) => (
            <select
              {...tie}
              className="select"
              value=""
              disabled={free.length === 0 || channels.length >= MOST}
              onChange={(event) => set([...channels, newChannel(event.target.value)])}
            >
              <option value="">{channels.length === 0 ? 'Choose a channel' : 'Nothing more'}</option>
              {free.map((connection) => (
                <option key={connection.id} value={connection.id}>
                  {connectionName(connection)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
    </Sheet>
  );
}

const CAUSES: Readonly<Record<FallBackCause, string>> = {
  failure: 'it failed on the channel before',
  no_address: 'they have no address there',
  no_receipt: 'no receipt came in time',
};

interface FallBackFieldsProps {
  readonly channel: ChannelDraft;
  readonly error: string | null;
  readonly onChange: (changed: Partial<ChannelDraft>) => void;
}

function FallBackFields({ channel: { on, receiptMinutes, onUnknown }, error, onChange }: FallBackFieldsProps) {
  return (
    <fieldset className="route-when">
      <legend>Goes to whom if</legend>
      {FALL_BACK_CAUSES.map((cause) => (
        <Text as="label" size="2" className="check" key={cause}>
          <Checkbox
            checked={on.includes(cause)}
            onCheckedChange={(checked) =>
              onChange({
                on: FALL_BACK_CAUSES.filter((each) => (each === cause ? checked === true : on.includes(each))),
              })
            }
          />
          {CAUSES[cause]}
        </Text>
      ))}
      {on.includes('no_receipt') && (
        <div className="route-wait">
          <Field label="Minutes to wait for a receipt">
            {(tie) => (
              <TextField.Root
                {...tie}
                inputMode="numeric"
                value={receiptMinutes}
                onChange={(event) => onChange({ receiptMinutes: event.target.value })}
              />
            )}
          </Field>
        </div>
      )}
      <Text as="label" size="2" className="check">
        <Checkbox checked={onUnknown} onCheckedChange={(checked) => onChange({ onUnknown: checked === true })} />
        also if it is not known whether they have it; they may then get it twice
      </Text>
      {error !== null && <p className="field-error">{error}</p>}
    </fieldset>
  );
}
