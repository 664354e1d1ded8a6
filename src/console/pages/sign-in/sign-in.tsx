import { Button, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { isStatus } from '../../data/client.tsx';
import { useSessionOptions, useSignIn } from '../../data/session.tsx';
import { wayBackOf } from '../../data/way-back.ts';
import { Field } from '../../parts/field.tsx';
import { explainError, Loading, Trouble } from '../../parts/states.tsx';
import { Invitation } from '../set-up/invitation.tsx';
import { SetUp } from '../set-up/set-up.tsx';
import { linkOf } from './link.ts';
import { LinkSignIn } from './link-sign-in.tsx';
import { Threshold } from './threshold.tsx';

/** Whoever is not signed in sees this, whatever the address; a new Beckon makes its first operator here. */
export function SignIn() {
  const options = useSessionOptions();
  const [link] = useState(() => linkOf(window.location));
  const [way] = useState(() => wayBackOf(window.location));
  if (options.isPending) return <Loading label="Loading the sign-in" />;
  if (options.isError) return <Trouble error={options.error} retry={options.refetch} />;
  if (link?.page === 'invitation') return <Invitation token={link.token} />;
  if (options.data.needsSetup) return <SetUp givenToken={link?.token ?? ''} />;
  return (
    <Threshold title="Sign in" lead="The operators' console of this Beckon.">
      {way?.end === 'refused' && (
        <p role="alert" className="threshold-refusal">
          {options.data.oidc.find(({ id }) => id === way.provider)?.name ?? 'The provider'} {way.words}
        </p>
      )}
      {link === null ? <PasswordForm /> : <LinkSignIn token={link.token} otherwise={<PasswordForm />} />}
      {options.data.oidc.length > 0 && (
        <div className="threshold-others">
          <p className="threshold-or">or</p>
          {options.data.oidc.map(({ id, name, href }) => (
            <Button asChild key={id} size="3" variant="outline" color="gray">
              <a href={`${href}?${new URLSearchParams({ returnTo: wantedPage() })}`}>Continue with {name}</a>
            </Button>
          ))}
        </div>
      )}
    </Threshold>
  );
}

/** Whatever address brought them here is where they want to be. */
const wantedPage = (): string =>
  window.location.pathname === '/sign-in' ? '/' : window.location.pathname + window.location.search;

function PasswordForm() {
  const signIn = useSignIn();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate({ email: email.trim(), password });
  };
  return (
    <form className="form" onSubmit={submit}>
      <Field label="E-mail">
        {(tie) => (
          <TextField.Root
            {...tie}
            size="3"
            type="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        )}
      </Field>
      <Field label="Password" error={signIn.isError ? refusalOf(signIn.error) : null}>
        {(tie) => (
          <TextField.Root
            {...tie}
            size="3"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
        )}
      </Field>
      <Button size="3" type="submit" loading={signIn.isPending}>
        Sign in
      </Button>
    </form>
  );
}

function refusalOf(error: unknown): string {
  if (isStatus(error, 401))
    return 'E-mail and password do not fit together. An administrator can give you a new password.';
  const { title, fix } = explainError(error);
  return `${title}. ${fix}`;
}
