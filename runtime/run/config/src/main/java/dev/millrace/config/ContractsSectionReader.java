package dev.millrace.config;

import dev.millrace.abi.ChecksumAddress;
import dev.millrace.config.Config.Contract;
import dev.millrace.loaders.Address;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code contracts}: the addresses of an indexer's contracts on one chain. */
final class ContractsSectionReader {
  private static final String ADDRESS = "0x and 40 hex digits";

  private final List<ConfigProblem> problems;
  private final Map<String, String> names = new HashMap<>();
  private final Map<Address, String> owners = new HashMap<>();

  ContractsSectionReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  List<Contract> read(ConfigSection chain) {
    List<Contract> contracts = new ArrayList<>();
    List<ConfigNode> items = chain.items("contracts");
    for (int i = 0; i < items.size(); i++) {
      String path = chain.path("contracts[" + i + "]");
      ConfigSection section = new ConfigSection(items.get(i), path, problems);
      section.require("name", "the contract's name in the indexer");
      section.require("address", ADDRESS + ", or a list of them");
      String name = section.text("name").orElse("");
      String first = name.isEmpty() ? null : names.putIfAbsent(name, path);
      if (first != null) {
        section.reportKey(
            "name",
            "is the name of " + first + " too: value=" + name,
            "each contract once, with a list of its addresses");
      }
      contracts.add(new Contract(name, addresses(section, path)));
    }
    return contracts;
  }

  private List<Address> addresses(ConfigSection section, String contract) {
    List<ConfigNode> items = section.items("address");
    if (items.isEmpty() && section.isList("address")) {
      section.reportKey("address", "is empty", ADDRESS + ", or a list of them");
    }
    Set<Address> addresses = new LinkedHashSet<>();
    for (ConfigNode item : items) {
      if (item instanceof ConfigNode.Text text) {
        address(section, contract, text, addresses);
      }
    }
    return List.copyOf(addresses);
  }

  private void address(
      ConfigSection section, String contract, ConfigNode.Text text, Set<Address> addresses) {
    String written = text.value().strip();
    if (!written.matches("0x[0-9a-fA-F]{40}")) {
      section.report("address", text, "is not an address: " + shape(written, text), ADDRESS);
      return;
    }
    Address address = Address.of(written);
    if (!keepsChecksum(written)) {
      section.report(
          "address",
          text,
          "has a wrong checksum, so a letter of it is wrong: value=" + text.shown(),
          "the address as its chain shows it (these digits would be written "
              + ChecksumAddress.text(address)
              + ")");
      return;
    }
    String owner = owners.putIfAbsent(address, contract);
    if (!addresses.add(address)) {
      section.report("address", text, "is given twice: value=" + text.shown(), "each address once");
    } else if (owner != null && !owner.equals(contract)) {
      section.report(
          "address",
          text,
          "belongs to %s too: value=%s".formatted(owner, text.shown()),
          "each address under one contract, which handles all that happens there");
    }
  }

  private static boolean keepsChecksum(String written) {
    try {
      ChecksumAddress.of(written);
      return true;
    } catch (IllegalArgumentException _) {
      return false;
    }
  }

  /** Describes a wrong address, with its number of digits, since forty digits are hard to count. */
  private static String shape(String written, ConfigNode.Text text) {
    return written.matches("0x[0-9a-fA-F]*")
        ? "digits=" + (written.length() - 2) + " value=" + text.shown()
        : "value=" + text.shown();
  }
}
