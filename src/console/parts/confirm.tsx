import { AlertDialog, Button, Flex } from '@radix-ui/themes';
import { createContext, type ReactNode, use, useCallback, useId, useState } from 'react';
import { returnFocus } from './opener.ts';
import { explainError } from './states.tsx';
import './confirm.css';

interface Question {
  readonly title: string;
  /** What will happen, to how many, and whether it can be undone. */
  readonly children: ReactNode;
  /** The verb of the button. */
  readonly verb: string;
  /** It takes something away. */
  readonly isDestructive?: boolean;
  /** Resolves with what did happen, in numbers; null: the dialog closes. */
  readonly run: () => Promise<ReactNode>;
}

type Ask = (question: Question) => void;

type Stage =
  | { readonly at: 'asking' | 'running' }
  | { readonly at: 'refused'; readonly error: unknown }
  | { readonly at: 'done'; readonly words: ReactNode };

const ConfirmContext = createContext<Ask | null>(null);
const ASKING: Stage = { at: 'asking' };

/** Asks before something is done that cannot be taken back, and tells what it did. */
export function ConfirmProvider({ children }: { readonly children: ReactNode }) {
  const [question, setQuestion] = useState<Question | null>(null);
  const [stage, setStage] = useState<Stage>(ASKING);
  const ask = useCallback<Ask>((asked) => {
    setStage(ASKING);
    setQuestion(asked);
  }, []);
  const words = useId();
  const close = () => setQuestion(null);
  const run = async ({ run: act }: Question) => {
    setStage({ at: 'running' });
    try {
      const told = await act();
      if (told === null) close();
      else setStage({ at: 'done', words: told });
    } catch (error) {
      setStage({ at: 'refused', error });
    }
  };
  return (
    <ConfirmContext value={ask}>
      {children}
      <AlertDialog.Root
        open={question !== null}
        onOpenChange={(isOpen) => !isOpen && stage.at !== 'running' && close()}
      >
        {question !== null && (
          <AlertDialog.Content maxWidth="460px" size="3" aria-describedby={words} onCloseAutoFocus={returnFocus}>
            <AlertDialog.Title size="4" mb="2">
              {question.title}
            </AlertDialog.Title>
            <div id={words} className="confirm-words" aria-live="polite">
              {stage.at === 'done' ? stage.words : question.children}
            </div>
            {stage.at === 'refused' && <Refusal error={stage.error} />}
            <Flex gap="3" mt="5" justify="end">
              {stage.at === 'done' ? (
                <Button onClick={close}>Close</Button>
              ) : (
                <>
                  <AlertDialog.Cancel>
                    <Button variant="soft" color="gray" disabled={stage.at === 'running'}>
                      Leave it
                    </Button>
                  </AlertDialog.Cancel>
                  <Button
                    {...(question.isDestructive && { color: 'red' })}
                    loading={stage.at === 'running'}
                    onClick={() => run(question)}
                  >
                    {question.verb}
                  </Button>
                </>
              )}
            </Flex>
          </AlertDialog.Content>
        )}
      </AlertDialog.Root>
    </ConfirmContext>
  );
}

function Refusal({ error }: { readonly error: unknown }) {
  const { title, fix } = explainError(error);
  return (
    <p className="confirm-refusal" role="alert">
      {title}. {fix}
    </p>
  );
}

export function useConfirm(): Ask {
  const ask = use(ConfirmContext);
  if (ask === null) throw new Error('useConfirm is called outside ConfirmProvider');
  return ask;
}
