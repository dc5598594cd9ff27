package dev.millrace.runner;

import dev.millrace.config.Config;
import dev.millrace.config.SpellingSuggestion;
import dev.millrace.evm.EvmIndexer;
import java.util.ArrayList;
import java.util.List;

/** Checks the contracts of a chain in a config against those that an indexer defines. */
public final class ContractConfigCheck {
  private ContractConfigCheck() {}

  /** Returns the mismatches, each with its place in the config. */
  public static List<String> mistakes(Config.Chain chain, EvmIndexer indexer) {
    List<String> mistakes = new ArrayList<>();
    List<String> named = new ArrayList<>();
    for (int i = 0; i < chain.contracts().size(); i++) {
      String name = chain.contracts().get(i).name();
      named.add(name);
      if (!indexer.contracts().contains(name)) {
        mistakes.add(
            "%s: is no contract of the indexer that needs an address: value=%s%s; expected one of %s"
                .formatted(
                    chain.origin().of("contracts[" + i + "].name"),
                    name,
                    SpellingSuggestion.nearest(name, indexer.contracts())
                        .map(near -> ", did you mean " + near + "?")
                        .orElse(""),
                    String.join(", ", indexer.contracts())));
      }
    }
    for (String name : indexer.contracts()) {
      if (!named.contains(name)) {
        mistakes.add(
            "%s: says nothing of a contract of the indexer: name=%s; expected its name and address"
                .formatted(chain.origin().of("contracts"), name));
      }
    }
    return mistakes;
  }
}
