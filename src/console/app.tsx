import { lazy, Suspense } from 'react';
import { Redirect, Route, Switch, useLocation } from 'wouter';
import { BotProvider } from './data/bot.tsx';
import { ClientProvider } from './data/client.tsx';
import { OperatorProvider, useOperator, useSession } from './data/session.tsx';
import { NotFound } from './pages/not-found/not-found.tsx';
import { SignIn } from './pages/sign-in/sign-in.tsx';
import { AppearanceProvider } from './parts/appearance.tsx';
import { Arrival } from './parts/arrival.tsx';
import { ConfirmProvider } from './parts/confirm.tsx';
import { ErrorBoundary } from './parts/error-boundary.tsx';
import { recall, remember } from './parts/memory.ts';
import { Shell } from './parts/shell.tsx';
import { Loading, Trouble } from './parts/states.tsx';
import { NowProvider } from './parts/time.tsx';
import { ToastsProvider } from './parts/toasts.tsx';

/** The pages of a bot, by their path under `/bots/:botId/`. Each is loaded when it is first gone to. */
const PAGES = [
  { path: 'overview', page: lazy(() => import('./pages/overview/overview.tsx')) },
  { path: 'notifications/:notificationId', page: lazy(() => import('./pages/notification/notification.tsx')) },
  { path: 'compose', page: lazy(() => import('./pages/compose/compose.tsx')) },
  { path: 'notifications', page: lazy(() => import('./pages/notifications/notifications.tsx')) },
  { path: 'people/import', page: lazy(() => import('./pages/import-people/import-people.tsx')) },
  { path: 'people/:personId', page: lazy(() => import('./pages/person/person.tsx')) },
  { path: 'people', page: lazy(() => import('./pages/people/people.tsx')) },
  { path: 'templates/:name', page: lazy(() => import('./pages/template/template.tsx')) },
  { path: 'templates', page: lazy(() => import('./pages/templates/templates.tsx')) },
  { path: 'connections/new', page: lazy(() => import('./pages/connection/new-connection.tsx')) },
  { path: 'connections/:connectionId', page: lazy(() => import('./pages/connection/connection.tsx')) },
  { path: 'connections', page: lazy(() => import('./pages/connections/connections.tsx')) },
  { path: 'apps', page: lazy(() => import('./pages/apps/apps.tsx')) },
  { path: 'audit', page: lazy(() => import('./pages/audit/audit.tsx')) },
  { path: 'operators', page: lazy(() => import('./pages/operators/operators.tsx')) },
] as const;

const Welcome = lazy(() => import('./pages/welcome/welcome.tsx'));

export function App() {
  return (
    <AppearanceProvider>
      <ToastsProvider>
        <ClientProvider>
          <NowProvider>
            <ConfirmProvider>
              <Door />
            </ConfirmProvider>
          </NowProvider>
        </ClientProvider>
      </ToastsProvider>
    </AppearanceProvider>
  );
}

/** Nobody gets past it who is not signed in; then they are where they wanted to go. */
function Door() {
  const session = useSession();
  if (session.isPending) return <Loading label="Loading the console" />;
  if (session.isError) return <Trouble error={session.error} retry={session.refetch} />;
  if (session.data === null) return <SignIn />;
  return (
    <OperatorProvider operator={session.data.operator}>
      <Arrival />
      <Switch>
        <Route path="/welcome">
          <Suspense fallback={<Loading />}>
            <Welcome />
          </Suspense>
        </Route>
        <Route path="/bots/:botId/*">{({ botId }) => <BotPages botId={botId} />}</Route>
        <Route>
          <FirstPage />
        </Route>
      </Switch>
    </OperatorProvider>
  );
}

const LAST_BOT = 'bot';
const FIRST_PAGE = 'overview';

/** Of the bot that was looked at last; where there is none, one is made. */
function FirstPage() {
  const { bots } = useOperator();
  const last = recall(LAST_BOT);
  const bot = bots.find(({ id }) => id === last) ?? bots[0];
  if (bot === undefined) return <Redirect to="/welcome" replace />;
  return <Redirect to={`/bots/${bot.id}/${FIRST_PAGE}`} replace />;
}

function BotPages({ botId }: { readonly botId: string }) {
  const [location] = useLocation();
  remember(LAST_BOT, botId);
  return (
    <BotProvider botId={botId} key={botId}>
      <Shell>
        <ErrorBoundary resetKey={location}>
          <Suspense fallback={<Loading />}>
            <Switch>
              {PAGES.map(({ path, page: Page }) => (
                <Route key={path} path={`/bots/:botId/${path}`} component={Page} />
              ))}
              <Route>
                <NotFound />
              </Route>
            </Switch>
          </Suspense>
        </ErrorBoundary>
      </Shell>
    </BotProvider>
  );
}
