package dev.millrace.scenarios;

import dev.millrace.app.Millrace;
import dev.millrace.evm.Evm;
import dev.millrace.evm.EvmContext;
import dev.millrace.jobs.EventOrigin;
import dev.millrace.jobs.Job;
import dev.millrace.jobs.JobContext;
import dev.millrace.pipeline.Indexer;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Optional;

/** ERC-20, and a line in a file for every large transfer that no reorg has replaced. */
public final class LargeTransfers {
  /** The variable of the environment that names the file. */
  static final String FILE = "LARGE_TRANSFERS_FILE";

  static final BigInteger LARGE = BigInteger.valueOf(70).multiply(BigInteger.TEN.pow(18));

  public record Notice(String from, String to, BigInteger value) {}

  static final Job<Notice, Boolean> NOTIFY =
      Job.of("large-transfer", Notice.class, Boolean.class).handler(LargeTransfers::append);

  static Indexer indexer() {
    return Evm.indexer("large_transfers")
        .entities(Erc20.Transfer.class, Erc20.Account.class)
        .jobs(NOTIFY)
        .contract("Token", token -> token.on(Erc20.Transferred.class, LargeTransfers::transferred))
        .build();
  }

  public static void main(String[] args) {
    Millrace.run(LargeTransfers::indexer, args);
  }

  private static void transferred(Erc20.Transferred event, EvmContext context) {
    Erc20.transferred(event, context);
    if (event.value().compareTo(LARGE) >= 0) {
      context.trigger(
          NOTIFY, new Notice(event.from().toString(), event.to().toString(), event.value()));
    }
  }

  private static boolean append(Notice notice, JobContext context) throws Exception {
    EventOrigin origin = context.origin().orElseThrow();
    Path file =
        Path.of(Optional.ofNullable(System.getenv(FILE)).orElse("target/large-transfers.txt"));
    String line = line(origin.block(), origin.blockHash(), origin.logIndex(), notice);
    return context.step("append", () -> LineFile.of(file).append(line));
  }

  static String line(long block, String blockHash, int logIndex, Notice notice) {
    return "%d %s %d %s %s %d"
        .formatted(block, blockHash, logIndex, notice.from(), notice.to(), notice.value());
  }
}
