import { Link, useParams, useSearch } from 'wouter';
import type { Template } from '../../../client/template-documents.ts';
import { useBotPath } from '../../data/bot.tsx';
import { useMay } from '../../data/session.tsx';
import { useTemplate } from '../../data/templates.ts';
import { Page } from '../../parts/page.tsx';
import { Empty, Loading, Trouble } from '../../parts/states.tsx';
import { ArchiveButton } from './archive-button.tsx';
import { emptyTemplate, readTemplate } from './template-draft.ts';
import { TemplateEditor } from './template-editor.tsx';
import { Versions } from './versions.tsx';
import './template.css';

/** No template can be called this. */
const NEW = '~new';

export default function TemplatePage() {
  const { name = NEW } = useParams();
  return name === NEW ? <NewTemplate /> : <KnownTemplate name={name} />;
}

function Above() {
  const to = useBotPath();
  return (
    <Link href={to('templates')} className="link">
      Templates
    </Link>
  );
}

function NewTemplate() {
  const mayWrite = useMay('sender');
  return (
    <Page title="New template" above={<Above />}>
      {mayWrite ? (
        <TemplateEditor first={emptyTemplate()} latest={0} />
      ) : (
        <Empty title="Your role may look, not write">Ask an administrator to make you a sender.</Empty>
      )}
    </Page>
  );
}

/** The newest version, or the one that the address names. */
function KnownTemplate({ name }: { readonly name: string }) {
  const asked = Number(new URLSearchParams(useSearch()).get('version'));
  const found = useTemplate(name, asked > 0 ? asked : null);
  if (found.isPending) return <Loading lines={6} />;
  if (found.isError) return <Trouble error={found.error} retry={found.refetch} />;
  return <Found template={found.data} />;
}

function Found({ template }: { readonly template: Template }) {
  const { name, version, latest, archivedAt } = template;
  const mayWrite = useMay('sender');
  return (
    <Page
      title={name}
      above={<Above />}
      description={describe(template)}
      actions={mayWrite && archivedAt === null && <ArchiveButton name={name} />}
    >
      <TemplateEditor
        // What was typed belongs to the version it was typed into.
        key={`${name} ${version} ${latest}`}
        first={readTemplate(template)}
        latest={latest}
        saved={template}
        aside={<Versions template={template} />}
      />
    </Page>
  );
}

function describe({ version, latest, archivedAt }: Template): string {
  if (archivedAt !== null) return 'Archived: it can be sent no more. Saving it brings it back, with all its versions.';
  return version === latest
    ? `Version ${version}, the newest.`
    : `Version ${version}; the newest is ${latest}. What you save from here becomes the newest.`;
}
