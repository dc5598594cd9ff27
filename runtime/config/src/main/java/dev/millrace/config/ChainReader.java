package dev.millrace.config;

import dev.millrace.config.Config.Chain;
import dev.millrace.config.Config.Contract;
import dev.millrace.config.Config.End;
import dev.millrace.config.Config.Endpoint;
import dev.millrace.config.Config.Finality;
import dev.millrace.loaders.Address;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/** Reads one entry of {@code chains}. */
final class ChainReader {
  private static final String ENDPOINT = "the URL of a node, such as http://127.0.0.1:8545";
  private static final String BLOCK = "a block number from 0 on";
  private static final String ADDRESS = "0x and 40 hex digits";

  private final List<ConfigProblem> problems;

  ChainReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  /** Empty when something had to be reported. */
  Optional<Chain> read(ConfigSection section) {
    int before = problems.size();
    section.require("id", "the chain's number, such as 1");
    section.require("rpc", ENDPOINT);
    long id = section.number("id", 0, Long.MAX_VALUE).orElse(0L);
    List<Endpoint> endpoints = endpoints(section);
    Optional<Long> from = section.number("from", 0, Long.MAX_VALUE);
    End to = end(section, from.orElse(0L));
    Finality finality = finality(section.section("finality"));
    List<Contract> contracts = contracts(section);
    return problems.size() > before
        ? Optional.empty()
        : Optional.of(new Chain(id, endpoints, from.orElse(0L), to, finality, contracts));
  }

  private List<Endpoint> endpoints(ConfigSection section) {
    List<ConfigNode> items = section.items("rpc");
    if (items.isEmpty() && section.isList("rpc")) {
      section.reportKey("rpc", "is empty", ENDPOINT);
    }
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      String key = items.size() == 1 ? "rpc" : "rpc[" + i + "]";
      switch (items.get(i)) {
        case ConfigNode.Text text ->
            endpoint(text)
                .ifPresentOrElse(
                    endpoints::add, () -> section.report(key, text, "is not a URL", ENDPOINT));
        case ConfigNode.Nothing nothing ->
            problems.add(
                new ConfigProblem(nothing.place(), section.path(key), "is empty", ENDPOINT));
        case ConfigNode.Items _, ConfigNode.Section _, ConfigNode.Broken _ -> {
          // Reported when the kinds were checked.
        }
      }
    }
    return endpoints;
  }

  private static Optional<Endpoint> endpoint(ConfigNode.Text text) {
    try {
      URI url = new URI(text.value().strip());
      return url.getScheme() == null || url.isOpaque()
          ? Optional.empty()
          : Optional.of(new Endpoint(url));
    } catch (URISyntaxException _) {
      return Optional.empty();
    }
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
    Optional<ConfigNode.Text> written = section.scalar("tag");
    Optional<Finality.Tag> tag =
        written.flatMap(text ->
            List.of(Finality.Tag.values()).stream()
                .filter(known -> known.name().toLowerCase(Locale.ROOT).equals(text.value()))
                .findFirst());
    written
        .filter(_ -> tag.isEmpty())
        .ifPresent(text ->
            section.report(
                "tag", text, "is not a tag: value=" + text.shown(), "finalized or safe"));
    Optional<Long> depth = section.number("depth", 0, 1_000_000);
    return new Finality(
        tag, depth.map(blocks -> OptionalInt.of(blocks.intValue())).orElse(OptionalInt.empty()));
  }

  private List<Contract> contracts(ConfigSection chain) {
    List<Contract> contracts = new ArrayList<>();
    Map<String, String> seen = new HashMap<>();
    List<ConfigNode> items = chain.items("contracts");
    for (int i = 0; i < items.size(); i++) {
      String path = chain.path("contracts[" + i + "]");
      ConfigSection section = new ConfigSection(items.get(i), path, problems);
      section.require("name", "the contract's name in the indexer");
      section.require("address", ADDRESS + ", or a list of them");
      String name = section.text("name").orElse("");
      String first = name.isEmpty() ? null : seen.putIfAbsent(name, path);
      if (first != null) {
        section.reportKey(
            "name",
            "is the name of " + first + " too: value=" + name,
            "each contract once, with a list of its addresses");
      }
      contracts.add(new Contract(name, addresses(section)));
    }
    return contracts;
  }

  private List<Address> addresses(ConfigSection section) {
    List<ConfigNode> items = section.items("address");
    if (items.isEmpty() && section.isList("address")) {
      section.reportKey("address", "is empty", ADDRESS + ", or a list of them");
    }
    Set<Address> addresses = new LinkedHashSet<>();
    for (ConfigNode item : items) {
      if (!(item instanceof ConfigNode.Text text)) {
        continue;
      }
      String written = text.value().strip();
      if (!written.matches("0x[0-9a-fA-F]{40}")) {
        section.report("address", text, "is not an address: " + shape(written, text), ADDRESS);
      } else if (!addresses.add(Address.of(written))) {
        section.report(
            "address", text, "is given twice: value=" + text.shown(), "each address once");
      }
    }
    return List.copyOf(addresses);
  }

  /** Says of a long wrong address what to look for, because nobody counts forty digits. */
  private static String shape(String written, ConfigNode.Text text) {
    return written.matches("0x[0-9a-fA-F]*")
        ? "digits=" + (written.length() - 2) + " value=" + text.shown()
        : "value=" + text.shown();
  }
}
