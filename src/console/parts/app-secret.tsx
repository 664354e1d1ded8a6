import { Callout } from '@radix-ui/themes';
import { useQuery } from '@tanstack/react-query';
import { mintToken } from '../data/mint-token.ts';
import { CopyBlock } from './copy.tsx';
import './app-secret.css';

interface AppSecretProps {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly botId: string;
  /** What the example is sent over, and to whom. */
  readonly example: { readonly channel: string; readonly recipient: string };
}

/** A secret that is shown this once, a token made of it, and a call that can be run as it stands. */
export function AppSecret({ clientId, clientSecret, botId, example }: AppSecretProps) {
  const token = useQuery({
    queryKey: ['token', clientId, clientSecret],
    queryFn: () => mintToken(clientId, clientSecret),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <div className="app-secret">
      <Callout.Root color="amber" size="1" className="callout">
        <Callout.Text>
          Copy the secret now: it is shown this once. If it is lost, rotate the app to get another.
        </Callout.Text>
      </Callout.Root>
      <div>
        <p className="app-secret-what">Client id</p>
        <CopyBlock text={clientId} label="client id" />
      </div>
      <div>
        <p className="app-secret-what">Client secret</p>
        <CopyBlock text={clientSecret} label="client secret" />
      </div>
      <div>
        <p className="app-secret-what">
          A first call{token.data !== null && ', with a token that is good for an hour'}
        </p>
        <CopyBlock text={curlOf(botId, token.data ?? null, example)} label="first call" />
      </div>
    </div>
  );
}

function curlOf(botId: string, token: string | null, { channel, recipient }: AppSecretProps['example']): string {
  const body = JSON.stringify({
    channel,
    message: { type: 'text', val: 'Hello from Beckon' },
    recipients: [recipient],
  });
  return [
    `curl ${window.location.origin}/api/v1/bots/${botId}/notifications \\`,
    `  -H "auth: ${token ?? '$(npx beckon token)'}" \\`,
    `  -H "content-type: application/json" \\`,
    `  -d '${body}'`,
  ].join('\n');
}
