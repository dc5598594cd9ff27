package dev.millrace.config;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.Contract;
import dev.millrace.config.Config.End;
import dev.millrace.config.Config.Endpoint;
import dev.millrace.config.Config.Finality;
import dev.millrace.config.Config.IndexedRange;
import dev.millrace.config.Config.Origin;
import dev.millrace.evm.SourceOptions;
import dev.millrace.evm.Undecodable;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads one entry of {@code chains}. */
final class ChainSectionReader {
  private static final String BLOCK = "a block number from 0 on";

  private final List<ConfigProblem> problems;

  ChainSectionReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  /** Returns the chain; empty if a problem was reported. */
  Optional<Chain> read(ConfigSection section) {
    int before = problems.size();
    section.require("id", "the chain's number, such as 1");
    section.require("rpc", EndpointsSectionReader.ENDPOINT);
    long id = section.number("id", 0, Long.MAX_VALUE).orElse(0L);
    List<Endpoint> endpoints = new EndpointsSectionReader(problems).read(section);
    Optional<Long> from = section.number("from", 0, Long.MAX_VALUE);
    End to = end(section, from.orElse(0L));
    Finality finality = finality(section.section("finality"));
    List<Contract> contracts = new ContractsSectionReader(problems).read(section);
    SourceOptions reading = reading(section);
    return problems.size() > before
        ? Optional.empty()
        : Optional.of(
            new Chain(
                id,
                endpoints,
                new IndexedRange(from.orElse(0L), to, finality),
                contracts,
                reading,
                new Origin(section.path(), section.places())));
  }

  private static End end(ConfigSection section, long from) {
    Optional<ConfigNode.Text> to = section.scalar("to");
    if (to.isEmpty()) {
      return new End.Open();
    }
    if (to.get().value().equals("latest")) {
      return new End.Latest();
    }
    Optional<Long> block =
        section.number(
            "to",
            to.get(),
            0,
            Long.MAX_VALUE,
            BLOCK + ", latest, or no such key to follow the chain");
    block
        .filter(last -> last < from)
        .ifPresent(last ->
            section.report(
                "to",
                to.get(),
                "lies before from: to=%d from=%d".formatted(last, from),
                "a block at or after from (to is inclusive)"));
    return new End.At(block.orElse(0L));
  }

  private static Finality finality(ConfigSection section) {
    Optional<Finality.Tag> tag = section.word("tag", Finality.Tag.class);
    Optional<Long> depth = section.number("depth", 0, 1_000_000);
    return new Finality(
        tag, depth.map(blocks -> OptionalInt.of(blocks.intValue())).orElse(OptionalInt.empty()));
  }

  private static SourceOptions reading(ConfigSection section) {
    SourceOptions defaults = SourceOptions.DEFAULTS;
    return new SourceOptions(
        defaults.directory(),
        section.section("cache").bytes("bytes", 0).orElse(defaults.cacheBytes()),
        section.share("audit").orElse(defaults.auditRatio()),
        section.word("undecodable", Undecodable.class).orElse(defaults.undecodable()),
        section
            .duration("poll", Duration.ofMillis(10), Duration.ofMinutes(10))
            .orElse(defaults.poll()));
  }
}
