import { Button, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { useSetUp } from '../../data/session.tsx';
import { Field } from '../../parts/field.tsx';
import { explainError } from '../../parts/states.tsx';
import { Threshold } from '../sign-in/threshold.tsx';

const MIN_PASSWORD = 12;

/** The first operator of a new Beckon, who proves to be at the server by the token it printed. */
export function SetUp() {
  const setUp = useSetUp();
  const [token, setToken] = useState(tokenOfAddress);
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUp.mutate({ token: token.trim(), name: name.trim(), email: email.trim(), password });
  };
  const refusal = setUp.isError ? explainError(setUp.error) : null;
  return (
    <Threshold title="Set up Beckon" lead="Make the first operator. They may do everything, and invite the others.">
      <form className="form" onSubmit={submit}>
        <Field label="Set-up token" hint="The server printed it when it started; look for “set-up” in its log.">
          {(tie) => (
            <TextField.Root
              {...tie}
              size="3"
              required
              autoFocus={token === ''}
              autoComplete="off"
              spellCheck={false}
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Field label="Your name">
          {(tie) => (
            <TextField.Root
              {...tie}
              size="3"
              required
              autoFocus={token !== ''}
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
        <Field
          label="Password"
          hint={`At least ${MIN_PASSWORD} characters. A few words you can remember are good.`}
          error={refusal === null ? null : `${refusal.title}. ${refusal.fix}`}
        >
          {(tie) => (
            <TextField.Root
              {...tie}
              size="3"
              type="password"
              required
              minLength={MIN_PASSWORD}
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
          )}
        </Field>
        <Button size="3" type="submit" loading={setUp.isPending}>
          Make the first operator
        </Button>
      </form>
    </Threshold>
  );
}

/** A link from the server's log carries it where no server and no log in between sees it. */
const tokenOfAddress = (): string => new URLSearchParams(window.location.hash.slice(1)).get('token') ?? '';
