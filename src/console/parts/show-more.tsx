import { Button } from '@radix-ui/themes';

interface ShowMoreProps {
  /** A list that is read in pages. */
  readonly list: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => Promise<unknown>;
  };
  readonly label?: string;
}

/** The foot of a list that goes on; nothing where it is all there. */
export function ShowMore({ list, label = 'Show more' }: ShowMoreProps) {
  if (!list.hasNextPage) return null;
  return (
    <div className="sheet-foot">
      <Button
        variant="soft"
        color="gray"
        loading={list.isFetchingNextPage}
        onClick={() => {
          void list.fetchNextPage();
        }}
      >
        {label}
      </Button>
    </div>
  );
}
