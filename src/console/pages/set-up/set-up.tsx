import { Button, TextField } from '@radix-ui/themes';
import { type FormEvent, useEffect, useState } from 'react';
import { useSetUp } from '../../data/session.tsx';
import { Field } from '../../parts/field.tsx';
import { explainError } from '../../parts/states.tsx';
import { forgetToken } from '../sign-in/link.ts';
import { Threshold } from '../sign-in/threshold.tsx';
import { NewPassword } from './new-password.tsx';

/** The first operator of a new Beckon, who proves to be at the server by the token it printed. */
export function SetUp({ givenToken }: { readonly givenToken: string }) {
  const setUp = useSetUp();
  const [token, setToken] = useState(givenToken);
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  useEffect(forgetToken, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUp.mutate({ token: token.trim(), name: name.trim(), email: email.trim(), password });
  };
  const refusal = setUp.isError ? explainError(setUp.error) : null;
  // Whoever followed the link has it; it is asked of those who came without, or when the server takes another.
  const isAsked = givenToken === '' || refusal !== null;
  return (
    <Threshold title="Set up Beckon" lead="Make the first operator. They may do everything, and invite the others.">
      <form className="form" onSubmit={submit}>
        {isAsked && (
          <Field
            label="Set-up token"
            hint="The server printed it when it started; it stands behind the # of the link in its log."
          >
            {(tie) => (
              <TextField.Root
                {...tie}
                size="3"
                required
                autoFocus
                autoComplete="off"
                spellCheck={false}
                value={token}
                onChange={(event) => setToken(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label="Your name">
          {(tie) => (
            <TextField.Root
              {...tie}
              size="3"
              required
              autoFocus={!isAsked}
              autoComplete="name"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="E-mail">
          {(tie) => (
            <TextField.Root
              {...tie}
              size="3"
              type="email"
              required
              autoComplete="username"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
            />
          )}
        </Field>
        <NewPassword
          value={password}
          onChange={setPassword}
          error={refusal === null ? null : `${refusal.title}. ${refusal.fix}`}
        />
        <Button size="3" type="submit" loading={setUp.isPending}>
          Make the first operator
        </Button>
      </form>
    </Threshold>
  );
}
