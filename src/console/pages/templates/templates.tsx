import { PlusIcon } from '@radix-ui/react-icons';
import { Button } from '@radix-ui/themes';
import { Link } from 'wouter';
import { useBotPath } from '../../data/bot.tsx';
import { useMay } from '../../data/session.tsx';
import { useTemplates } from '../../data/templates.ts';
import { Page, Sheet } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

export default function Templates() {
  const to = useBotPath();
  const mayWrite = useMay('sender');
  return (
    <Page
      title="Templates"
      description="What is said again and again, in the language of each person."
      actions={
        mayWrite && (
          <Button asChild>
            <Link href={to('templates/~new')}>
              <PlusIcon /> New template
            </Link>
          </Button>
        )
      }
    >
      <Sheet padded={false}>
        <List mayWrite={mayWrite} />
      </Sheet>
    </Page>
  );
}

function List({ mayWrite }: { readonly mayWrite: boolean }) {
  const to = useBotPath();
  const found = useTemplates();
  if (found.isPending) return <Loading />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const templates = found.data.pages.flatMap((page) => page.templates);
  if (templates.length === 0)
    return (
      <Empty
        title="There is no template yet"
        action={
          mayWrite && (
            <Button asChild variant="soft">
              <Link href={to('templates/~new')}>Write the first</Link>
            </Button>
          )
        }
      >
        Programs and people send a template by its name, so that its words can be changed without either.
      </Empty>
    );
  return (
    <>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="end">
              Version
            </th>
            <th scope="col" className="end">
              Changed
            </th>
          </tr>
        </thead>
        <tbody>
          {templates.map(({ name, version, createdAt }) => (
            <tr className="goes" key={name}>
              <td>
                <Link href={to(`templates/${name}`)} className="whole">
                  {name}
                </Link>
              </td>
              <td className="end number">{version}</td>
              <td className="end quiet">
                <Ago at={createdAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <ShowMore list={found} />
    </>
  );
}
