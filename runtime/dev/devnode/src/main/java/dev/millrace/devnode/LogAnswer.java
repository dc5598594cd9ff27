package dev.millrace.devnode;

import dev.millrace.devchain.BlockTeller;
import dev.millrace.devchain.Branch;
import dev.millrace.devchain.Told;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongPredicate;

/** The logs of some blocks that a request asks for, generated while they are written. */
final class LogAnswer implements RpcMethods.Answer {
  private final BlockWriter writer;
  private final LogAsk ask;
  private final Branch branch;
  private final long from;
  private final long to;
  private final Loss loss;

  /**
   * Logs that are missing although the answer does not say so.
   *
   * @param blocks blocks that are left out
   */
  record Loss(LongPredicate blocks, boolean all, boolean last) {
    static final Loss NONE = new Loss(_ -> false, false, false);
  }

  LogAnswer(BlockWriter writer, LogAsk ask, Branch branch, long from, long to, Loss loss) {
    this.writer = writer;
    this.ask = ask;
    this.branch = branch;
    this.from = from;
    this.to = to;
    this.loss = loss;
  }

  /** Returns the number of logs. */
  long count() {
    long[] count = {0};
    tell(_ -> count[0]++);
    return count[0];
  }

  @Override
  public void write(JsonBytes json) throws IOException {
    json.text("[");
    if (!loss.all()) {
      LogWriter logs = writer.logs();
      logs.beginList(false);
      long[] left = {loss.last() ? count() - 1 : Long.MAX_VALUE};
      tell(log -> {
        if (left[0]-- > 0) {
          logs.accept(log);
        }
      });
    }
    json.text("]");
  }

  private void tell(Consumer<Told> listener) {
    int kinds = ask.kinds();
    BlockTeller teller = writer.teller();
    Consumer<Told> matching =
        log -> {
          if (ask.matches(log)) {
            listener.accept(log);
          }
        };
    for (long number = from; number <= to && kinds != 0; number++) {
      if (!loss.blocks().test(number)) {
        writer.logs().beginBlock(number, teller.hash(branch, number));
        teller.story().tell(branch, number, kinds, matching);
      }
    }
  }
}
