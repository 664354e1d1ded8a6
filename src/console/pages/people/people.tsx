import { DownloadIcon, MagnifyingGlassIcon, UploadIcon } from '@radix-ui/react-icons';
import { Badge, Button, TextField } from '@radix-ui/themes';
import { useState } from 'react';
import { Link } from 'wouter';
import type { DirectoryPerson } from '../../../client/people.ts';
import { useBotPath } from '../../data/bot.tsx';
import { identityOf, nameOf, useExportPeople, usePeople } from '../../data/people.ts';
import { useMay } from '../../data/session.tsx';
import { ChannelMark, channelName } from '../../parts/channel.tsx';
import { Page, Sheet } from '../../parts/page.tsx';
import { useSettled } from '../../parts/settled.ts';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { useToasts } from '../../parts/toasts.tsx';
import './people.css';

export default function People() {
  const [typed, setTyped] = useState('');
  const prefix = useSettled(typed.trim());
  const to = useBotPath();
  const exporting = useExportPeople();
  const toasts = useToasts();
  const mayImport = useMay('sender');
  return (
    <Page
      title="People"
      description="Whom this bot knows, and where each is reached."
      actions={
        <>
          <Button
            variant="soft"
            color="gray"
            loading={exporting.isPending}
            onClick={() => exporting.mutate(undefined, { onError: toasts.failed })}
          >
            <DownloadIcon /> Export
          </Button>
          {mayImport && (
            <Button asChild>
              <Link href={to('people/import')}>
                <UploadIcon /> Import
              </Link>
            </Button>
          )}
        </>
      }
    >
      <Sheet padded={false}>
        <div className="people-search">
          <TextField.Root
            aria-label="Search people"
            placeholder="Name, e-mail or phone begins with …"
            type="search"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          >
            <TextField.Slot>
              <MagnifyingGlassIcon />
            </TextField.Slot>
          </TextField.Root>
        </div>
        <Found prefix={prefix} mayImport={mayImport} />
      </Sheet>
    </Page>
  );
}

function Found({ prefix, mayImport }: { readonly prefix: string; readonly mayImport: boolean }) {
  const to = useBotPath();
  const found = usePeople(prefix);
  if (found.isPending) return <Loading lines={8} />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const people = found.data.pages.flatMap((page) => page.people);
  if (people.length === 0 && prefix !== '')
    return <Empty title={`Nobody begins with “${prefix}”`}>Search by the beginning of a name or of an address.</Empty>;
  if (people.length === 0)
    return (
      <Empty
        title="Nobody is known yet"
        action={
          mayImport && (
            <Button asChild variant="soft">
              <Link href={to('people/import')}>Import people</Link>
            </Button>
          )
        }
      >
        Import a file, or let people write to the bot: whoever does is known from then on.
      </Empty>
    );
  return (
    <>
      <div className="scroll-x">
        <table className="table people-table">
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col">Reached over</th>
              <th scope="col" className="only-wide">
                Tags
              </th>
              <th scope="col" className="only-wide">
                Language
              </th>
              <th scope="col" className="only-wide">
                Time zone
              </th>
            </tr>
          </thead>
          <tbody>
            {people.map((person) => (
              <Row key={person.id} person={person} href={to(`people/${person.id}`)} />
            ))}
          </tbody>
        </table>
      </div>
      <ShowMore list={found} />
    </>
  );
}

const MOST_TAGS = 3;

function Row({ person, href }: { readonly person: DirectoryPerson; readonly href: string }) {
  const { addresses, tags = [], locale, timeZone } = person;
  const channels = [...new Set(addresses.map(({ channel }) => channel))];
  const identity = identityOf(person);
  const name = nameOf(person);
  return (
    <tr className="goes">
      <td>
        <Link href={href} className="whole people-name">
          {name}
        </Link>
        {identity !== name && <div className="quiet people-identity">{identity}</div>}
      </td>
      <td>
        {channels.length === 0 ? (
          <span className="quiet">no address yet</span>
        ) : (
          <span className="people-channels">
            {channels.map((channel) => (
              <span key={channel} title={channelName(channel)}>
                <ChannelMark id={channel} />
                <span className="only-heard">{channelName(channel)}</span>
              </span>
            ))}
          </span>
        )}
      </td>
      <td className="only-wide">
        <span className="people-tags">
          {tags.slice(0, MOST_TAGS).map((tag) => (
            <Badge key={tag} color="gray">
              {tag}
            </Badge>
          ))}
          {tags.length > MOST_TAGS && <span className="quiet">+{tags.length - MOST_TAGS}</span>}
        </span>
      </td>
      <td className="only-wide quiet">{locale}</td>
      <td className="only-wide quiet">{timeZone}</td>
    </tr>
  );
}
