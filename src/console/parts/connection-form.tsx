import { Button, Callout, Switch, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import type { ChannelDescription, ManagedConnection } from '../../client/admin.ts';
import { ClientError } from '../../client/client-error.ts';
import { type CheckedConnection, useSaveConnection } from '../data/connections.ts';
import { channelName } from './channel.tsx';
import { Field } from './field.tsx';
import { type Entered, enteredOf, SettingField, settingsFrom, settingsOf } from './settings-form.tsx';
import { explainError } from './states.tsx';
import './connection-form.css';

interface ConnectionFormProps {
  readonly botId: string;
  readonly channel: ChannelDescription;
  /** Null: it is made. */
  readonly known: ManagedConnection | null;
  /** What stands in the fields of a new one, such as a simulator's. */
  readonly suggested?: ConnectionSuggestion;
  /** What comes next stands beside it: it is no longer what is to be pressed. */
  readonly isDone?: boolean;
  readonly onSaved: (saved: CheckedConnection) => void;
}

export interface ConnectionSuggestion {
  readonly name: string;
  readonly entered: Entered;
  readonly allowPrivateNetwork: boolean;
}

/** What a channel has to be told, made from its schema. Saved, the provider is asked at once whether it is good. */
export function ConnectionForm({ botId, channel, known, suggested, isDone = false, onSaved }: ConnectionFormProps) {
  const settings = settingsOf(channel.settings);
  const [entered, setEntered] = useState<Entered>(() => ({
    ...enteredOf(settings, known?.settings ?? {}),
    ...suggested?.entered,
  }));
  const [name, setName] = useState(known?.name ?? suggested?.name ?? '');
  const [perSecond, setPerSecond] = useState(() => String(known?.limits.perSecond ?? ''));
  const [allowPrivate, setAllowPrivate] = useState(
    known?.allowPrivateNetwork ?? suggested?.allowPrivateNetwork ?? false,
  );
  const [isMore, setMore] = useState(false);
  const save = useSaveConnection();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = {
      botId,
      channel: channel.id,
      name: channel.named ? name.trim() : null,
      settings: settingsFrom(settings, entered),
      limits: { ...known?.limits, perSecond: perSecond === '' ? null : Number(perSecond) },
      allowPrivateNetwork: allowPrivate,
      afterUnknown: known?.afterUnknown ?? null,
    };
    save.mutate(body, { onSuccess: onSaved });
  };
  const fault = faultOf(save.error);
  const needed = settings.filter(({ isRequired }) => isRequired);
  const others = settings.filter(({ isRequired }) => !isRequired);
  const field = (setting: (typeof settings)[number]) => (
    <SettingField
      key={setting.key}
      setting={setting}
      value={entered[setting.key] ?? ''}
      onChange={(value) => setEntered((before) => ({ ...before, [setting.key]: value }))}
      isKept={known !== null && setting.key in known.settings}
      error={fault?.key === setting.key ? fault.words : null}
    />
  );
  return (
    <form className="form connection-form" onSubmit={submit}>
      {channel.named && (
        <Field
          label="Name"
          hint="Callers choose the connection by it."
          error={fault?.key === 'name' ? fault.words : null}
        >
          {(tie) => (
            <TextField.Root
              {...tie}
              required
              readOnly={known !== null}
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      )}
      {needed.map(field)}
      <details
        className="more"
        open={isMore || others.some(({ key }) => key === fault?.key)}
        onToggle={({ currentTarget }) => setMore(currentTarget.open)}
      >
        <summary>More settings</summary>
        <div className="form">
          {others.map(field)}
          <Field
            label="Calls a second"
            optional
            hint={`Instead of ${channel.defaults.perSecond ?? 'none'}, which ${channelName(channel.id)} documents; 0: no such limit.`}
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                type="number"
                min="0"
                step="any"
                value={perSecond}
                onChange={(event) => setPerSecond(event.target.value)}
              />
            )}
          </Field>
          <Field
            label={MAY_CALL_PRIVATE}
            hint="Loopback and private networks, such as the simulators'. Refused otherwise."
          >
            {(tie) => <Switch {...tie} checked={allowPrivate} onCheckedChange={setAllowPrivate} />}
          </Field>
        </div>
      </details>
      {fault !== null && fault.key === null && (
        <Callout.Root color="red" size="1" className="callout" role="alert">
          <Callout.Text>{fault.words}</Callout.Text>
        </Callout.Root>
      )}
      <div className="form-foot">
        <Button type="submit" variant={isDone ? 'soft' : 'solid'} loading={save.isPending}>
          Save and check
        </Button>
      </div>
    </form>
  );
}

/** What the server says is wrong, and with which setting; null: nothing. */
function faultOf(error: unknown): { readonly key: string | null; readonly words: string } | null {
  if (error === null) return null;
  const { title, fix } = explainError(error);
  const pointer = error instanceof ClientError ? error.body?.['pointer'] : null;
  const key = typeof pointer === 'string' ? (pointer.replace(/^\/settings/, '').split('/')[1] ?? null) : null;
  const words = key === null ? `${title}. ${fix}` : fix.replace(/^\S+: /, '');
  return { key, words: words.replace(AS_IN_FILE, `switch on “${MAY_CALL_PRIVATE}” below`) };
}

const MAY_CALL_PRIVATE = 'May call private addresses';
/** How the server says it to whoever writes the configuration file. */
const AS_IN_FILE = 'set allowPrivateNetwork: true on this connection';

/** What the provider said to the credentials. */
export function CheckResult({ check }: { readonly check: CheckedConnection['check'] }) {
  return (
    <Callout.Root color={check.ok ? 'jade' : 'red'} size="1" className="callout" role="status">
      <Callout.Text>
        <strong>{check.ok ? 'The credentials are good.' : 'The provider did not take the credentials.'}</strong>{' '}
        {check.detail}
        {!check.ok && (
          <span className="check-help">
            Correct them and check again; until then nobody is reached over this connection.
          </span>
        )}
      </Callout.Text>
    </Callout.Root>
  );
}
