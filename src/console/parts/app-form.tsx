import { Button, CheckboxGroup, TextArea, TextField } from '@radix-ui/themes';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { SavedApp } from '../../client/admin.ts';
import { SCOPE_DIRECTORY, SCOPE_SEND } from '../../model/tenancy.ts';
import { useSaveApp } from '../data/apps.ts';
import { newId } from '../data/new-id.ts';
import { Field } from './field.tsx';
import { explainError } from './states.tsx';

const SCOPES = [
  [SCOPE_SEND, 'Send notifications and see what became of them'],
  [SCOPE_DIRECTORY, 'Keep people and their addresses'],
] as const;

interface AppFormProps {
  readonly botId: string;
  readonly onSaved: (saved: SavedApp) => void;
  /** The way out of it, beside the button that makes the app. */
  readonly leave: ReactNode;
}

/** A new app of a bot. With a shared secret it is given one, which is told once. */
export function AppForm({ botId, onSaved, leave }: AppFormProps) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly string[]>(SCOPES.map(([scope]) => scope));
  const [algorithm, setAlgorithm] = useState<'HS256' | 'RS256'>('HS256');
  const [publicKey, setPublicKey] = useState('');
  const save = useSaveApp();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const body = {
      name: name.trim(),
      algorithm,
      kind: 'builder',
      bots: [botId],
      scopes,
      ...(algorithm === 'RS256' && { publicKey }),
    } as const;
    save.mutate({ clientId: newId('cs'), body }, { onSuccess: onSaved });
  };
  const refusal = save.isError ? explainError(save.error) : null;
  return (
    <form className="form" onSubmit={submit}>
      <Field label="Name" hint="Which program it is: CI, payroll.">
        {(tie) => (
          <TextField.Root
            {...tie}
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
        )}
      </Field>
      <fieldset className="fieldset">
        <legend>It may</legend>
        <CheckboxGroup.Root value={[...scopes]} onValueChange={setScopes}>
          {SCOPES.map(([scope, words]) => (
            <CheckboxGroup.Item key={scope} value={scope}>
              {words}
            </CheckboxGroup.Item>
          ))}
        </CheckboxGroup.Root>
      </fieldset>
      <Field
        label="Signs its tokens with"
        hint={
          algorithm === 'HS256' ? 'A secret is made for it, and told once.' : 'Only the program has the private key.'
        }
      >
        {(tie) => (
          <select
            {...tie}
            className="select"
            value={algorithm}
            onChange={(event) => setAlgorithm(event.target.value === 'RS256' ? 'RS256' : 'HS256')}
          >
            <option value="HS256">A shared secret (HS256)</option>
            <option value="RS256">Its own key pair (RS256)</option>
          </select>
        )}
      </Field>
      {algorithm === 'RS256' && (
        <Field label="Public key" hint="RSA, in PEM form.">
          {(tie) => (
            <TextArea
              {...tie}
              required
              rows={5}
              spellCheck={false}
              value={publicKey}
              onChange={(event) => setPublicKey(event.target.value)}
            />
          )}
        </Field>
      )}
      {refusal !== null && (
        <p className="confirm-refusal" role="alert">
          {refusal.title}. {refusal.fix}
        </p>
      )}
      <div className="form-foot">
        {leave}
        <Button type="submit" loading={save.isPending} disabled={scopes.length === 0}>
          Make the app
        </Button>
      </div>
    </form>
  );
}
