package dev.millrace.config;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.Http;
import dev.millrace.config.Config.Jobs;
import dev.millrace.config.Config.Stores;
import dev.millrace.lane.LaneSettings;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads the values of a config whose keys and kinds have been checked. */
final class ConfigReader {
  private static final String NAME =
      "lower-case letters, digits and _, a letter first, at most 63 of them";

  private final List<ConfigProblem> problems;

  ConfigReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  /** Returns the config; empty if a problem was reported. */
  Optional<Config> read(ConfigNode root, Path dataDir) {
    ConfigSection top = new ConfigSection(root, "", problems);
    String name = name(top);
    Stores stores = new StoresSectionReader().read(top, name);
    List<Chain> chains = chains(top);
    LaneSettings pipeline = pipeline(top.section("pipeline"));
    Jobs jobs = new JobsSectionReader(problems).read(top.section("jobs"));
    Http http = http(top);
    return problems.isEmpty()
        ? Optional.of(new Config(name, stores, chains, pipeline, jobs, http, dataDir))
        : Optional.empty();
  }

  private static String name(ConfigSection top) {
    top.require("name", "the indexer's name: " + NAME);
    Optional<ConfigNode.Text> name = top.scalar("name");
    name.filter(text -> !text.value().matches("[a-z][a-z0-9_]{0,62}"))
        .ifPresent(text -> top.report("name", text, "is not a name: value=" + text.shown(), NAME));
    return name.map(ConfigNode.Text::value).orElse("");
  }

  private List<Chain> chains(ConfigSection top) {
    if (!top.mentions("jobs")) {
      top.require("chains", "a list with at least one chain, or jobs: {} for workers alone");
    }
    List<ConfigNode> items = top.items("chains");
    if (items.isEmpty() && top.isList("chains")) {
      top.reportKey("chains", "is empty", "at least one chain");
    }
    List<Chain> chains = new ArrayList<>();
    ChainSectionReader chain = new ChainSectionReader(problems);
    Map<Long, String> seen = new HashMap<>();
    for (int i = 0; i < items.size(); i++) {
      String path = "chains[" + i + "]";
      ConfigSection section = new ConfigSection(items.get(i), path, problems);
      chain.read(section).ifPresent(chains::add);
      Optional<Long> id = section.peek("id");
      String first = id.map(known -> seen.putIfAbsent(known, path)).orElse(null);
      if (first != null) {
        section.reportKey(
            "id", "is the id of " + first + " too: value=" + id.get(), "each chain once");
      }
    }
    return chains;
  }

  private static LaneSettings pipeline(ConfigSection section) {
    LaneSettings defaults = LaneSettings.defaults();
    return new LaneSettings(
        section.number("depth", 0, 1024).orElse((long) defaults.depth()).intValue(),
        section
            .number("batchEvents", 1, 10_000_000)
            .orElse((long) defaults.batchEvents())
            .intValue(),
        section.bytes("stagedBytes", 1 << 20).orElse(defaults.stagedBytes()),
        section.bytes("commitBytes", 1 << 10).orElse(defaults.commitBytes()));
  }

  private static Http http(ConfigSection top) {
    ConfigSection section = top.section("http");
    if (!top.mentions("http")) {
      return new Http(OptionalInt.empty(), Http.LOOPBACK);
    }
    section.require("port", "a port from 0 (any free one) to 65535");
    OptionalInt port =
        section
            .number("port", 0, 65_535)
            .map(number -> OptionalInt.of(number.intValue()))
            .orElse(OptionalInt.empty());
    return new Http(port, section.text("host").orElse(Http.LOOPBACK));
  }
}
