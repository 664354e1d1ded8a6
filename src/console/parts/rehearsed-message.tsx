import type { Preflight, SendBody } from '../../client/send-documents.ts';
import { useRehearsal } from '../data/rehearsal.ts';
import { MessagePreview } from './preview/message-preview.tsx';
import { problemOf } from './problems.ts';
import './rehearsed-message.css';
import { useSettled } from './settled.ts';
import { explainError, Loading } from './states.tsx';

interface RehearsedMessageProps {
  readonly channel: string;
  /** What is asked of the server, to one recipient; null: it cannot be asked yet. */
  readonly body: SendBody | null;
  /** Why it cannot. */
  readonly missing: string | null;
  /** The recipient is nobody in particular: that they cannot be reached says nothing. */
  readonly isNobody: boolean;
}

/** Somebody to ask for when there is nobody. */
export const NOBODY = 'nobody';

/** What somebody would be sent, as the server writes it, and why they would not get it. */
export function RehearsedMessage({ channel, body, missing, isNobody }: RehearsedMessageProps) {
  const rehearsal = useRehearsal(useSettled(body));
  if (body === null) return <p className="rehearsed-note">{missing}</p>;
  if (rehearsal.isError) {
    const problem = problemOf(rehearsal.error);
    const { title, fix } = explainError(rehearsal.error);
    return (
      <p className="rehearsed-fault" role="status">
        <strong>{problem === null ? `${title}.` : 'It cannot be sent like this:'}</strong>{' '}
        {problem === null ? fix : `${problem.pointer.split('/').at(-1)} ${problem.sentence}`}
      </p>
    );
  }
  if (rehearsal.data === undefined) return <Loading lines={3} label="Loading the preview" />;
  return <Rehearsed {...{ channel, isNobody }} said={body.message} rehearsed={rehearsal.data} />;
}

interface RehearsedProps extends Pick<RehearsedMessageProps, 'channel' | 'isNobody'> {
  /** Before it was filled in for anybody. */
  readonly said: SendBody['message'] | undefined;
  readonly rehearsed: Preflight;
}

function Rehearsed({ channel, isNobody, said, rehearsed }: RehearsedProps) {
  const [sample] = rehearsed.samples;
  const [fault] = rehearsed.failing;
  const message = sample?.message ?? said;
  return (
    <>
      {fault !== undefined && !isNobody && (
        <p className="rehearsed-fault">
          <strong>Would not get it:</strong> {fault.detail ?? fault.reason}. <span className="quiet">{fault.hint}</span>
        </p>
      )}
      {message !== undefined && message.type !== 'script' ? (
        <MessagePreview channel={channel} message={message} />
      ) : (
        <p className="rehearsed-note">Name somebody who can be reached, to see what they are sent.</p>
      )}
      {sample?.language != null && (
        <p className="rehearsed-note">In {sample.language}, by the language of this person.</p>
      )}
      {sample === undefined && message !== undefined && (
        <p className="rehearsed-note">
          As it is written{isNobody ? '; name somebody, and it is filled in for them.' : ', without their values.'}
        </p>
      )}
    </>
  );
}
