package dev.millrace.devnode;

import dev.millrace.devchain.BlockGenerator;
import dev.millrace.devchain.DevChainBranch;
import dev.millrace.devchain.LogCursor;
import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.LongPredicate;

/** The logs of some blocks that a request asks for, generated while they are written. */
final class DevLogResponse implements DevNodeMethods.Answer {
  private final BlockJsonWriter writer;
  private final DevLogFilter filter;
  private final DevChainBranch branch;
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

  DevLogResponse(
      BlockJsonWriter writer,
      DevLogFilter ask,
      DevChainBranch branch,
      long from,
      long to,
      Loss loss) {
    this.writer = writer;
    this.filter = ask;
    this.branch = branch;
    this.from = from;
    this.to = to;
    this.loss = loss;
  }

  /** Returns the number of logs. */
  long count() {
    long[] count = {0};
    generate(_ -> count[0]++);
    return count[0];
  }

  @Override
  public void write(JsonByteWriter json) throws IOException {
    json.text("[");
    if (!loss.all()) {
      LogJsonWriter logs = writer.logs();
      logs.beginList(false);
      long[] left = {loss.last() ? count() - 1 : Long.MAX_VALUE};
      generate(log -> {
        if (left[0]-- > 0) {
          logs.accept(log);
        }
      });
    }
    json.text("]");
  }

  private void generate(Consumer<LogCursor> listener) {
    int kinds = filter.kinds();
    BlockGenerator teller = writer.generator();
    Consumer<LogCursor> matching =
        log -> {
          if (filter.matches(log)) {
            listener.accept(log);
          }
        };
    for (long number = from; number <= to && kinds != 0; number++) {
      if (!loss.blocks().test(number)) {
        writer.logs().beginBlock(number, teller.hash(branch, number));
        teller.logGenerator().generate(branch, number, kinds, matching);
      }
    }
  }
}
