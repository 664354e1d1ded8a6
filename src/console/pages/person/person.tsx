import { Badge, Button } from '@radix-ui/themes';
import { Link, useLocation, useParams } from 'wouter';
import type { DirectoryPerson } from '../../../client/people.ts';
import { useBotPath } from '../../data/bot.tsx';
import { nameOf, useForget, usePerson } from '../../data/people.ts';
import { useMay } from '../../data/session.tsx';
import { useConfirm } from '../../parts/confirm.tsx';
import { CopyId } from '../../parts/copy.tsx';
import { formatCount } from '../../parts/format.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import { Addresses } from './addresses.tsx';
import { OptOuts } from './opt-outs.tsx';
import { Reach } from './reach.tsx';
import './person.css';

export default function PersonPage() {
  const { personId = '' } = useParams();
  const found = usePerson(personId);
  if (found.isPending) return <Loading lines={6} />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  return <Found person={found.data} />;
}

function Found({ person }: { readonly person: DirectoryPerson }) {
  const to = useBotPath();
  const maySend = useMay('sender');
  return (
    <Page
      title={nameOf(person)}
      above={
        <Link href={to('people')} className="link">
          People
        </Link>
      }
      description={<CopyId id={person.id} />}
      actions={maySend && <Forgetting person={person} />}
    >
      <div className="split">
        <div className="stack">
          <Addresses person={person} />
          <Reach person={person} />
        </div>
        <div className="stack">
          <About person={person} />
          <OptOuts person={person} />
        </div>
      </div>
    </Page>
  );
}

function About({ person }: { readonly person: DirectoryPerson }) {
  const { email, upn, phone, identities = [], locale, timeZone, tags = [], attributes = {} } = person;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['E-mail', email],
    ['UPN', upn],
    ['Phone', phone],
    ['Also known as', identities.length === 0 ? undefined : identities.join(', ')],
    ['Language', locale],
    ['Time zone', timeZone],
    ...Object.entries(attributes).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  ];
  return (
    <Sheet title="About">
      <dl className="facts">
        {facts.map(
          ([name, value]) =>
            value !== undefined && (
              <div className="fact" key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
        {tags.length > 0 && (
          <div className="fact">
            <dt>Tags</dt>
            <dd className="person-tags">
              {tags.map((tag) => (
                <Badge key={tag} color="gray">
                  {tag}
                </Badge>
              ))}
            </dd>
          </div>
        )}
      </dl>
    </Sheet>
  );
}

function Forgetting({ person }: { readonly person: DirectoryPerson }) {
  const to = useBotPath();
  const [, go] = useLocation();
  const confirm = useConfirm();
  const toasts = useToasts();
  const { remove, erase } = useForget();
  const name = nameOf(person);
  const askRemoval = () =>
    confirm({
      title: `Remove ${name} from the directory?`,
      verb: 'Remove',
      isDestructive: true,
      children: (
        <p>
          Their addresses and preferences are gone; what was sent to them keeps its record. Whoever imports them, or a
          message they write, brings them back.
        </p>
      ),
      run: async () => {
        await remove(person.id);
        toasts.done(`${name} is in the directory no more`);
        go(to('people'));
        return null;
      },
    });
  const askErasure = () =>
    confirm({
      title: `Erase ${name} everywhere?`,
      verb: 'Erase everywhere',
      isDestructive: true,
      children: (
        <p>
          They leave the directory, and their name leaves every log, receipt and message of this bot. Whatever waits to
          be sent to them is not sent. The counts stay as they are. This cannot be undone.
        </p>
      ),
      run: async () => {
        const { isComplete, erased, id } = await erase(person.id);
        go(to('people'));
        return (
          <>
            <p>
              {isComplete
                ? `They were named in ${formatCount(erased)} places; now in none.`
                : 'They are out of the directory. The rest is under way, and goes on after any restart.'}
            </p>
            <p>
              Proof: <span className="mono">{id}</span>
            </p>
          </>
        );
      },
    });
  return (
    <>
      <Button variant="soft" color="gray" onClick={askRemoval}>
        Remove…
      </Button>
      <Button variant="soft" color="red" onClick={askErasure}>
        Erase everywhere…
      </Button>
    </>
  );
}
