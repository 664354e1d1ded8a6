/*
 * The lease of one batch, as the engine and the store keep it: a claim raises the token; a renewal and a checkpoint take
 * effect only under the present token; a process may stand still for any time, so that a lease lapses at any step; what
 * is given back comes again under a higher token. `test/model/main.ts` checks it with spin.
 *
 * Planted bug, which must be found: -DNO_FENCE (a checkpoint does not ask for the token).
 */
#define WORKERS 3
#define RECIPIENTS 2
#define MAX_TOKEN 4

/* The store. */
byte token = 0;         /* The fence of the batch's row. */
bool leased = false;    /* Its lease has not lapsed; when it has, anybody may claim. */
bool present = true;    /* The row is there: the batch has not ended. */
bool logged[RECIPIENTS];
byte logs[RECIPIENTS];  /* How often a log was written; the promise is at most once. */

/* The provider's ledger, which no one of us can read. */
byte sends[RECIPIENTS];
bool sent[10];          /* (token, recipient): one attempt of one owner. */

/* Time passes: any lease may lapse at any moment, whatever its owner is doing. */
active proctype time() {
  end: do
  :: atomic { present && leased -> leased = false }
  :: atomic { !present -> break }
  od
}

active [WORKERS] proctype worker() {
  byte mine = 0;
  byte i;
  bool known[RECIPIENTS];

  end: do
  :: atomic { !present -> break }
  :: atomic {
       present && !leased && token < MAX_TOKEN ->
       token = token + 1; mine = token; leased = true;
       /* After a take-over: who is logged is done. Asked after the claim, so no valid fence can add to it but ours. */
       i = 0;
       do
       :: i < RECIPIENTS -> known[i] = logged[i]; i++
       :: else -> break
       od;
       i = 0
     };

     do
     :: i < RECIPIENTS && known[i] -> i++
     :: i < RECIPIENTS && !known[i] ->
        /* The look at the lease and the send are not one step: a pause fits in between. */
        if
        :: token == mine && leased -> skip
        :: else -> goto lost
        fi;
        atomic {
          sends[i]++;
          assert(!sent[mine * RECIPIENTS + i]);  /* At most one send for each attempt and owner. */
          sent[mine * RECIPIENTS + i] = true
        };
        /* The checkpoint of this recipient: one transaction, fence first. */
        atomic {
#ifdef NO_FENCE
          if
          :: present -> skip
          :: else -> goto lost
          fi;
#else
          if
          :: present && token == mine -> skip
          :: else -> goto lost
          fi;
#endif
          assert(token == mine);                 /* Only the valid fence writes. */
          logged[i] = true; logs[i]++;
          assert(logs[i] <= 1);                  /* Nobody is logged twice. */
          i++
        }
     :: i < RECIPIENTS ->
        /* A renewal; a lease that had lapsed is ours again if nobody has claimed since. */
        atomic {
          if
          :: present && token == mine -> leased = true
          :: else -> goto lost
          fi
        }
     :: i < RECIPIENTS ->
        /* Give back what was not started: the row is replaced by one with a higher token that anybody may claim. */
        atomic {
          if
          :: present && token == mine && token < MAX_TOKEN -> token = token + 1; leased = false
          :: else -> skip
          fi;
          goto lost
        }
     :: i < RECIPIENTS ->
        /* The process dies, or drops the batch. */
        goto lost
     :: i == RECIPIENTS ->
        atomic {
          if
          :: present && token == mine ->
             i = 0;
             do
             :: i < RECIPIENTS -> assert(logged[i] && logs[i] == 1); i++  /* Nothing is lost with the row. */
             :: else -> break
             od;
             present = false
          :: else -> skip
          fi
        };
        break
     od;
     lost: mine = 0; i = 0
  :: atomic { present && token == MAX_TOKEN -> break }
  od;

  /* Doubles are bounded: at most one send for each token that was issued. */
  assert(sends[0] <= MAX_TOKEN && sends[1] <= MAX_TOKEN)
}
