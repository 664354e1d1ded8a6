import { Button } from '@radix-ui/themes';
import { type FormEvent, useEffect, useState } from 'react';
import { useSetUp } from '../../data/session.tsx';
import { explainError } from '../../parts/states.tsx';
import { forgetToken } from '../sign-in/link.ts';
import { Threshold } from '../sign-in/threshold.tsx';
import { NewPassword } from './new-password.tsx';

/** Whoever was invited is known by name and e-mail already: a password is all that is missing. */
export function Invitation({ token }: { readonly token: string }) {
  const setUp = useSetUp();
  const [password, setPassword] = useState('');
  useEffect(forgetToken, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setUp.mutate({ token, password });
  };
  const refusal = setUp.isError ? explainError(setUp.error) : null;
  return (
    <Threshold title="Welcome to Beckon" lead="You were invited to its console. Choose a password, and you are in.">
      <form className="form" onSubmit={submit}>
        <NewPassword
          value={password}
          onChange={setPassword}
          error={refusal === null ? null : `${refusal.title}. ${refusal.fix}`}
        />
        <Button size="3" type="submit" loading={setUp.isPending}>
          Sign in
        </Button>
      </form>
    </Threshold>
  );
}
