import { Button } from '@radix-ui/themes';
import type { ManagedConnection, SavedApp } from '../../../client/admin.ts';
import { AppForm } from '../../parts/app-form.tsx';
import { AppSecret } from '../../parts/app-secret.tsx';
import { Sheet } from '../../parts/page.tsx';

interface AppStepProps {
  readonly botId: string;
  readonly connection: ManagedConnection | null;
  /** Null: none is made yet. */
  readonly saved: SavedApp | null;
  readonly onSaved: (saved: SavedApp) => void;
  readonly onDone: () => void;
}

export function AppStep({ botId, connection, saved, onSaved, onDone }: AppStepProps) {
  if (saved === null)
    return (
      <Sheet>
        <AppForm
          botId={botId}
          onSaved={onSaved}
          leave={
            <Button type="button" variant="soft" color="gray" onClick={onDone}>
              Later
            </Button>
          }
        />
      </Sheet>
    );
  return (
    <>
      <Sheet title={saved.app.name}>
        {saved.clientSecret === null ? (
          <p>It is made, and signs with its own key.</p>
        ) : (
          <AppSecret
            clientId={saved.app.clientId}
            clientSecret={saved.clientSecret}
            botId={botId}
            example={{ channel: connection?.channel ?? 'ivr', recipient: 'you@example.com' }}
          />
        )}
      </Sheet>
      <div className="form-foot">
        <Button onClick={onDone}>Go on</Button>
      </div>
    </>
  );
}
