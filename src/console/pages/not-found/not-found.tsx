import { Button } from '@radix-ui/themes';
import { Link } from 'wouter';
import { Page } from '../../parts/page.tsx';
import { Empty } from '../../parts/states.tsx';

export function NotFound() {
  return (
    <Page title="Not found">
      <Empty
        title="There is nothing at this address"
        action={
          <Button asChild variant="soft">
            <Link href="/">Go to the overview</Link>
          </Button>
        }
      >
        The link may be out of date, or the address has a typing error.
      </Empty>
    </Page>
  );
}
