import { Button, Callout, TextArea, TextField } from '@radix-ui/themes';
import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import type { ManagedConnection } from '../../../client/admin.ts';
import type { LedgerRecipient } from '../../../client/recipient-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useFirstSend } from '../../data/first-send.ts';
import { Field } from '../../parts/field.tsx';
import { Sheet } from '../../parts/page.tsx';
import { meaningOf } from '../../parts/reason.ts';
import { explainError } from '../../parts/states.tsx';

interface MessageStepProps {
  readonly connection: ManagedConnection | null;
}

/** One message to one person, and what became of it. */
export function MessageStep({ connection }: MessageStepProps) {
  const to = useBotPath();
  const send = useFirstSend();
  const [identity, setIdentity] = useState('');
  const [text, setText] = useState('Hello from Beckon');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send.mutate({
      channel: connection?.channel ?? 'ivr',
      ...(connection !== null && { connection: connection.id }),
      message: { type: 'text', val: text },
      recipients: [identity.trim()],
    });
  };
  const refusal = send.isError ? explainError(send.error) : null;
  return (
    <>
      <Sheet>
        <form className="form" onSubmit={submit}>
          <Field label="To" hint="An e-mail address, or whatever the channel knows people by.">
            {(tie) => (
              <TextField.Root
                {...tie}
                required
                autoFocus
                value={identity}
                onChange={(event) => setIdentity(event.target.value)}
              />
            )}
          </Field>
          <Field label="Message" error={refusal && `${refusal.title}. ${refusal.fix}`}>
            {(tie) => (
              <TextArea {...tie} required rows={3} value={text} onChange={(event) => setText(event.target.value)} />
            )}
          </Field>
          <div className="form-foot">
            <Button type="submit" loading={send.isPending}>
              Send it
            </Button>
          </div>
        </form>
      </Sheet>
      {send.isSuccess && <Outcome recipient={send.data.recipient} />}
      <div className="form-foot">
        {send.isSuccess && (
          <Button asChild variant="soft" color="gray">
            <Link href={to(`notifications/${send.data.notificationId}`)}>See all about it</Link>
          </Button>
        )}
        <Button asChild variant={send.isSuccess ? 'solid' : 'soft'}>
          <Link href={to('overview')}>Go to the console</Link>
        </Button>
      </div>
    </>
  );
}

function Outcome({ recipient }: { readonly recipient: LedgerRecipient | null }) {
  if (recipient?.state === 'delivered')
    return (
      <Callout.Root color="jade" size="1" className="callout" role="status">
        <Callout.Text>
          <strong>It is delivered.</strong> {recipient.identity} has it.
        </Callout.Text>
      </Callout.Root>
    );
  return (
    <Callout.Root color="red" size="1" className="callout" role="status">
      <Callout.Text>
        <strong>{recipient?.reason ? `${meaningOf(recipient.reason)}.` : 'It was not delivered.'}</strong>{' '}
        {recipient?.hint} {recipient?.detail}
      </Callout.Text>
    </Callout.Root>
  );
}
