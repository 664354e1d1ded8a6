import { CheckIcon } from '@radix-ui/react-icons';
import { type ReactNode, useState } from 'react';
import { Link, useLocation } from 'wouter';
import type { ManagedConnection, SavedApp } from '../../../client/admin.ts';
import { BotProvider } from '../../data/bot.tsx';
import { useMay } from '../../data/session.tsx';
import { Page } from '../../parts/page.tsx';
import { Wordmark } from '../../parts/shell.tsx';
import { Empty } from '../../parts/states.tsx';
import { AppStep } from './app-step.tsx';
import { BotStep } from './bot-step.tsx';
import { ConnectionStep } from './connection-step.tsx';
import { MessageStep } from './message-step.tsx';
import './welcome.css';

const STEPS = ['Name the bot', 'Connect a channel', 'Let a program call', 'Send the first message'] as const;

const WHY: readonly string[] = [
  'A bot is who writes to people. It has its own people, connections and apps, apart from those of other bots.',
  'How the bot reaches people. The provider is asked at once whether it takes the credentials; nobody is sent anything.',
  'A program calls by an app of its own. If only people send for now, from this console, do it later.',
  'To yourself, say. You see at once what became of it.',
];

interface Made {
  readonly botId: string | null;
  readonly connection: ManagedConnection | null;
  readonly saved: SavedApp | null;
}

/** From nothing to a message that has arrived, in four steps. Whatever is made stays, also when somebody stops in between. */
export default function Welcome() {
  const isAdmin = useMay('admin');
  const [made, setMade] = useState<Made>({ botId: null, connection: null, saved: null });
  const [step, setStep] = useState(0);
  const next = (more: Partial<Made>) => {
    setMade((before) => ({ ...before, ...more }));
    setStep((before) => before + 1);
  };
  if (!isAdmin)
    return (
      <Frame step={-1}>
        <Empty title="You may use no bot yet">Ask an administrator of this Beckon to let you.</Empty>
      </Frame>
    );
  const { botId, connection, saved } = made;
  if (botId === null)
    return (
      <Frame step={0}>
        <BotStep onMade={(id) => next({ botId: id })} />
      </Frame>
    );
  return (
    <BotProvider botId={botId}>
      <Frame step={step}>
        {step === 1 && <ConnectionStep botId={botId} onMade={(found) => next({ connection: found })} />}
        {step === 2 && (
          <AppStep
            botId={botId}
            connection={connection}
            saved={saved}
            onSaved={(app) => setMade((before) => ({ ...before, saved: app }))}
            onDone={() => next({})}
          />
        )}
        {step === 3 && <MessageStep connection={connection} />}
      </Frame>
    </BotProvider>
  );
}

/** Which of the steps it is, above what is to be done in it. */
function Frame({ step, children }: { readonly step: number; readonly children: ReactNode }) {
  const [location] = useLocation();
  return (
    <div className="welcome" key={location}>
      <header className="welcome-top">
        <Wordmark />
        <Link href="/" className="link">
          Leave this
        </Link>
      </header>
      <main className="welcome-main">
        <ol className="steps">
          {STEPS.map((name, index) => (
            <li key={name} aria-current={index === step ? 'step' : undefined} data-done={index < step || undefined}>
              <span className="step-mark" aria-hidden="true">
                {index < step ? <CheckIcon /> : index + 1}
              </span>
              {name}
            </li>
          ))}
        </ol>
        <Page title={STEPS[step] ?? 'Welcome'} description={WHY[step]}>
          {children}
        </Page>
      </main>
    </div>
  );
}
