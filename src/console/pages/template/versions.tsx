import { Link } from 'wouter';
import type { Template } from '../../../client/template-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useTemplateVersions } from '../../data/templates.ts';
import { Sheet } from '../../parts/page.tsx';
import { ShowMore } from '../../parts/show-more.tsx';
import { Loading, Trouble } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';

export function Versions({ template: { name, version: shown } }: { readonly template: Template }) {
  const found = useTemplateVersions(name);
  const to = useBotPath();
  if (found.isPending) return <Loading lines={3} />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  const versions = found.data.pages.flatMap((page) => page.templates);
  return (
    <Sheet title="Versions" padded={false}>
      <ul className="versions">
        {versions.map(({ version, createdAt }) => (
          <li key={version}>
            <Link
              href={to(`templates/${name}?version=${version}`)}
              className="link"
              aria-current={version === shown ? 'true' : undefined}
            >
              Version {version}
            </Link>
            <span className="quiet">
              <Ago at={createdAt} />
            </span>
          </li>
        ))}
      </ul>
      <ShowMore list={found} />
    </Sheet>
  );
}
