package dev.millrace.app;

import dev.millrace.config.Config;
import dev.millrace.evm.EvmIndexer;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.runner.RuntimeWiring;
import dev.millrace.source.RangeLogAudit;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Compares the logs that the nodes of a chain return for a range with its headers. */
@Command(
    name = "audit",
    mixinStandardHelpOptions = true,
    description = {
      "Checks the logs of a range against the bloom filters of its headers.",
      "Reports each block whose bloom allows an event of a contract for which no log came, and ends",
      "with exit code 1 if there is any. A bloom cannot show that one of several logs of the same",
      "event and contract is missing in a block. Changes nothing."
    })
final class AuditCommand extends IndexerCommand {
  @Option(names = "--from", paramLabel = "BLOCK", required = true, description = "The first block.")
  private long from;

  @Option(
      names = "--to",
      paramLabel = "BLOCK",
      required = true,
      description = "The last block, itself included. It should be final.")
  private long to;

  @Option(
      names = "--chain",
      paramLabel = "ID",
      description = "Which chain; needed where the config has several.")
  private @Nullable Long chain;

  AuditCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    super(shell, indexers);
  }

  @Override
  int run(Indexer indexer, Config config) throws InterruptedException {
    if (from < 0 || to < from) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "range has no block: from=%d to=%d".formatted(from, to));
    }
    if (!(indexer instanceof EvmIndexer evm)) {
      throw new MillraceException(
          Remedy.FIX_SETUP, "indexer reads no chain: name=" + indexer.name());
    }
    Config.Chain audited = chain(config);
    RangeLogAudit.Proof proof = prove(new RuntimeWiring(indexer, config), audited, evm);
    print(audited, proof);
    return proof.findings().isEmpty() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private Config.Chain chain(Config config) {
    List<Config.Chain> fitting =
        config.chains().stream().filter(one -> chain == null || one.id() == chain).toList();
    if (fitting.size() != 1) {
      throw new MillraceException(
          Remedy.FIX_SETUP,
          "one chain is audited at a time, name it with --chain: chains="
              + config.chains().stream().map(Config.Chain::id).toList());
    }
    return fitting.getFirst();
  }

  private RangeLogAudit.Proof prove(RuntimeWiring wiring, Config.Chain audited, EvmIndexer evm)
      throws InterruptedException {
    try (RangeLogAudit audit = RangeLogAudit.open(wiring.request(audited, evm));
        AuditProgress progress =
            new AuditProgress(shell(), () -> waitingFor(wiring, audit), System::nanoTime)) {
      progress.start();
      wiring.check();
      return audit.run(from, to, so -> progress.advance(so, to));
    }
  }

  private static String waitingFor(RuntimeWiring wiring, RangeLogAudit audit) {
    String check = wiring.waitingFor();
    return check.isEmpty() ? audit.waitingFor() : check;
  }

  private void print(Config.Chain audited, RangeLogAudit.Proof proof) {
    PrintStream out = shell().out();
    out.printf(
        "chain %d, blocks %s to %s: %s headers, each naming the one before it%n",
        audited.id(),
        ProgressLine.count(from),
        ProgressLine.count(proof.to()),
        ProgressLine.count(proof.blocks()));
    out.printf("  %s logs were told for what the indexer asks%n", ProgressLine.count(proof.logs()));
    if (proof.bloomsAreUsable()) {
      out.printf(
          "  %s blooms allow such logs: of %s all came, %s have none as a second answer says%n",
          ProgressLine.count(proof.positive()),
          ProgressLine.count(proof.confirmed()),
          ProgressLine.count(proof.falsePositive()));
      out.printf(
          "  %s blooms rule such a log out%n",
          ProgressLine.count(proof.blocks() - proof.positive() - proof.unproven()));
    } else {
      out.printf("  blooms of this chain do not hold its logs, so nothing is proved by them%n");
    }
    if (proof.findings().isEmpty()) {
      out.printf(
          proof.bloomsAreUsable()
              ? "proved: no event of a contract in the config is missing as a whole in any block%n"
              : "not proved: the logs fit the headers, and that is all that can be said%n");
      return;
    }
    out.printf("%d findings:%n", proof.findings().size());
    proof.findings().forEach(finding -> out.println("  " + finding));
  }
}
