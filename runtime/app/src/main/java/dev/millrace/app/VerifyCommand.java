package dev.millrace.app;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.config.Config;
import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import dev.millrace.pipeline.Indexer;
import dev.millrace.runner.ExitCode;
import dev.millrace.verify.StoreComparison;
import dev.millrace.verify.StoreVerification;
import dev.millrace.verify.VerificationResult;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Reports whether ClickHouse holds the same rows as PostgreSQL. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Compares both stores at one commit: every row of every entity that both of them keep.",
      "Exits with 1 and names rows if they differ. An indexer may be running meanwhile."
    })
final class VerifyCommand extends IndexerCommand {
  private static final String ROW = "%-24s %10s %14s %16s %16s  %s%n";

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Writes what was found there as well.")
  private @Nullable Path json;

  VerifyCommand(CliEnvironment shell, Map<String, Indexer> indexers) {
    super(shell, indexers);
  }

  @Override
  int run(Indexer indexer, Config config) {
    TerminalLiveLine live = new TerminalLiveLine(shell().err());
    VerificationResult found;
    try {
      found =
          StoreVerification.of(config, indexer)
              .onProgress(what -> {
                if (shell().isLive()) {
                  live.show("verify  " + what);
                }
              })
              .run();
    } finally {
      live.clear();
    }
    print(config.name(), found);
    Path file = json;
    if (file != null) {
      write(shell().resolve(file), json(config.name(), found));
    }
    if (found.compared().isEmpty()) {
      return ExitCode.MISUSE; // a caller relies on something having been compared
    }
    return found.isEqual() ? ExitCode.DONE : ExitCode.FAILED;
  }

  private void print(String indexer, VerificationResult found) {
    PrintStream out = shell().out();
    out.printf(ROW, "entity", "chain", "checkpoint", "PostgreSQL rows", "ClickHouse rows", "");
    for (VerificationResult.Compared one : found.compared()) {
      out.printf(
          ROW,
          one.entity(),
          one.chain(),
          ProgressLine.count(one.checkpoint()),
          ProgressLine.count(one.postgres().rows()),
          ProgressLine.count(one.clickhouse().rows()),
          one.isEqual() ? "equal" : "DIFFERENT");
      if (!one.isEqual()) {
        printDifferences(one);
      }
    }
    found.leftOut().forEach(one -> out.printf("%-24s not compared: %s%n", one.entity(), one.why()));
    out.printf("%n%s: %s%n", indexer, conclusion(found));
  }

  private static String conclusion(VerificationResult found) {
    if (!found.isEqual()) {
      return "the stores differ; `millrace rebuild` fills ClickHouse anew from PostgreSQL";
    }
    return found.compared().isEmpty() ? "there is nothing to compare" : "equal";
  }

  private void printDifferences(VerificationResult.Compared one) {
    PrintStream out = shell().out();
    for (String column : new TreeSet<>(one.postgres().sums().keySet())) {
      String ours = one.postgres().sums().get(column);
      String theirs = one.clickhouse().sums().get(column);
      if (ours != null && !ours.equals(theirs)) {
        out.printf("  sum of %s: PostgreSQL %s, ClickHouse %s%n", column, ours, theirs);
      }
    }
    one.differences()
        .forEach(row ->
            out.printf(
                "  id %s%n    PostgreSQL: %s%n    ClickHouse: %s%n",
                row.id(), row.postgres(), row.clickhouse()));
    if (one.found().isSample()) {
      out.println(
          "  named are the first of a sample: more rows differ than are looked at one by one, limit="
              + ProgressLine.count(StoreComparison.MAX_ROWS));
    }
  }

  private static String json(String indexer, VerificationResult found) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("name", indexer).put("equal", found.isEqual());
    ArrayNode compared = root.putArray("compared");
    for (VerificationResult.Compared one : found.compared()) {
      ObjectNode node = compared.addObject();
      node.put("entity", one.entity())
          .put("chain", one.chain())
          .put("checkpoint", one.checkpoint())
          .put("equal", one.isEqual())
          .put("sample", one.found().isSample());
      side(node.putObject("postgres"), one.postgres());
      side(node.putObject("clickhouse"), one.clickhouse());
      ArrayNode differences = node.putArray("differences");
      one.differences()
          .forEach(row ->
              differences
                  .addObject()
                  .put("id", row.id())
                  .put("postgres", row.postgres())
                  .put("clickhouse", row.clickhouse()));
    }
    ArrayNode leftOut = root.putArray("notCompared");
    found
        .leftOut()
        .forEach(one -> leftOut.addObject().put("entity", one.entity()).put("why", one.why()));
    return root.toPrettyString();
  }

  private static void side(ObjectNode node, VerificationResult.Side side) {
    node.put("rows", side.rows()).put("hash", side.hash());
    ObjectNode sums = node.putObject("sums");
    side.sums().forEach(sums::put);
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException failed) {
      throw new MillraceException(Remedy.FIX_SETUP, "file cannot be written: file=" + file, failed);
    }
  }
}
