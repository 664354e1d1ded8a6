import { Button, CheckboxGroup, Flex } from '@radix-ui/themes';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { RetryAsked } from '../../../client/steering-documents.ts';
import { useSteering } from '../../data/steering.ts';
import { formatCount, formatMoment, plural } from '../../parts/format.ts';
import { Modal } from '../../parts/modal.tsx';
import { refusalOf } from '../../parts/states.tsx';
import type { SteeringDialogProps } from './actions.tsx';

const STATES = ['failed', 'unknown', 'expired', 'suppressed'] as const;
type RetryState = (typeof STATES)[number];

const WORDS: Readonly<Record<RetryState, string>> = {
  failed: 'failed',
  unknown: 'unknown: may have it already, and would have it twice',
  expired: 'expired before they could be sent it',
  suppressed: 'suppressed: only helps if what suppressed them was lifted',
};

/** Sends it again to whom it did not reach, as the operator chooses. */
export function RetryDialog({ notification, onClose }: SteeringDialogProps) {
  const { counts, id } = notification;
  const there = STATES.filter((state) => counts[state] > 0);
  const [states, setStates] = useState<readonly RetryState[]>(there.filter((state) => state === 'failed'));
  const { retry } = useSteering(id);
  const run = useMutation({ mutationFn: (body: RetryAsked) => retry(body) });
  const total = states.reduce((sum, state) => sum + counts[state], 0);
  return (
    <Modal title="Send it again" maxWidth="480px" onClose={onClose}>
      {run.isSuccess ? (
        <p className="dialog-text" role="status">
          <strong>{plural(run.data.retried, 'recipient')}</strong> are being sent it again, until{' '}
          {formatMoment(run.data.expiresAt)}.
          {run.data.leftOut > 0 &&
            ` ${plural(run.data.leftOut, 'other')} stay as they are: they have it, or what they were to be sent is not known any more.`}
        </p>
      ) : (
        <>
          <p className="dialog-text">Whoever has it is not sent it again. To whom?</p>
          <CheckboxGroup.Root
            value={[...states]}
            onValueChange={(values) => setStates(there.filter((state) => values.includes(state)))}
            aria-label="To whom"
          >
            {there.map((state) => (
              <CheckboxGroup.Item key={state} value={state}>
                <span className="number">{formatCount(counts[state])}</span> {WORDS[state]}
              </CheckboxGroup.Item>
            ))}
          </CheckboxGroup.Root>
          {run.isError && (
            <p className="confirm-refusal" role="alert">
              {refusalOf(run.error)}
            </p>
          )}
        </>
      )}
      <Flex gap="3" mt="5" justify="end">
        <Button variant="soft" color="gray" onClick={onClose}>
          {run.isSuccess ? 'Close' : 'Leave it'}
        </Button>
        {!run.isSuccess && (
          <Button disabled={total === 0} loading={run.isPending} onClick={() => run.mutate({ only: { states } })}>
            Send to {plural(total, 'recipient')}
          </Button>
        )}
      </Flex>
    </Modal>
  );
}
