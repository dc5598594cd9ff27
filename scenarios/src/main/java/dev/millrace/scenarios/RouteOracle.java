package dev.millrace.scenarios;

import dev.millrace.devchain.DevChain;
import dev.millrace.devchain.DevChainHead;
import dev.millrace.evm.Log;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Bytes32;
import dev.millrace.loaders.EventId;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The tables that {@link VaultRoutes} must leave, computed from the blocks and logs of the chain
 * itself, log by log.
 *
 * <p>Uses no code of the runtime that fetches, routes, decodes or stores. A log belongs to the
 * contract at its address, from the log that announced this contract on, if that contract declares
 * the event; else to the contract that listens anywhere, if that declares it. An address belongs to
 * its first claim.
 */
final class RouteOracle {
  private static final String CREATED =
      "0x9c5d829b9b23efc461f9aeef91979ec04bb903feb3bee4f26d22114abfc7335b";
  private static final String SYNC =
      "0x1c411e9a96e071241c2f21f7726b17ae89e3cab4c78be50e062b03a9fffbbad1";
  private static final String SWAP =
      "0xd78ad95fa46c994b6551d0da85fc275fe613ce37657fb8d5e3d130840159d822";
  private static final String OPENED =
      "0x66a872561db77eb92ef3079a44a5af00c68c3a09e0976814a95bd91721f57c2f";
  private static final String TRANSFER =
      "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

  private final Map<Address, String> owners = new HashMap<>();
  private final List<String> deliveries = new ArrayList<>();
  private final SortedMap<String, Emitted> emitters = new TreeMap<>();
  private final MessageDigest sha;
  private byte[] tape = new byte[Bytes32.LENGTH];

  /** The sums of an address. */
  private record Emitted(String contract, long events, BigInteger amount) {}

  private RouteOracle() {
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException(missing);
    }
    owners.put(DevChain.FACTORY, VaultRoutes.FACTORY);
  }

  /** Computes the rows of each table, as {@link RouteTables} reads them. */
  static SortedMap<String, List<String>> tables(DevChain chain, DevChainHead tip) {
    RouteOracle oracle = new RouteOracle();
    for (long block = 0; block <= tip.head(); block++) {
      chain.logs(tip, block).forEach(oracle::read);
    }
    return oracle.tables();
  }

  private void read(Log log) {
    String owner = owners.getOrDefault(log.contract(), "");
    byte[] data = log.data().bytes();
    switch (log.topic(0).toString()) {
      case CREATED -> {
        if (owner.equals(VaultRoutes.FACTORY)) {
          deliver(log, owner, address(data, 0), BigInteger.ZERO);
          owners.putIfAbsent(address(data, 0), VaultRoutes.POOL);
        }
      }
      case OPENED -> {
        if (owner.equals(VaultRoutes.POOL)) {
          deliver(log, owner, address(data, 0), BigInteger.ZERO);
          owners.putIfAbsent(address(data, 0), VaultRoutes.VAULT);
        }
      }
      case SYNC -> {
        if (owner.equals(VaultRoutes.POOL)) {
          deliver(log, owner, log.contract(), number(data, 0));
        }
      }
      case SWAP -> {
        if (owner.equals(VaultRoutes.POOL)) {
          deliver(log, owner, address(log.topic(2).bytes(), 0), number(data, 0));
        }
      }
      case TRANSFER -> {
        String contract = owner.equals(VaultRoutes.VAULT) ? owner : VaultRoutes.ANYWHERE;
        deliver(log, contract, address(log.topic(2).bytes(), 0), number(data, 0));
      }
      default -> {} // an event of the registry
    }
  }

  private static Address address(byte[] words, int word) {
    return Address.of(words, (word + 1) * Bytes32.LENGTH - Address.LENGTH);
  }

  private static BigInteger number(byte[] words, int word) {
    int from = word * Bytes32.LENGTH;
    return new BigInteger(1, Arrays.copyOfRange(words, from, from + Bytes32.LENGTH));
  }

  private void deliver(Log log, String contract, Address subject, BigInteger amount) {
    long id = EventId.of(log.block().number(), log.logIndex()).value();
    String emitter = hex(log.contract().bytes());
    deliveries.add(
        "%d %s %s %s %s %d %s %s"
            .formatted(
                id,
                contract,
                emitter,
                hex(log.block().hash().bytes()),
                hex(log.transaction().hash().bytes()),
                Objects.requireNonNull(log.block().timestamp()).getEpochSecond(),
                hex(subject.bytes()),
                amount));
    emitters.merge(
        emitter,
        new Emitted(contract, 1, amount),
        (before, last) -> new Emitted(contract, before.events + 1, before.amount.add(last.amount)));
    sha.update(tape);
    tape = sha.digest((id + " " + contract).getBytes(StandardCharsets.UTF_8));
  }

  private SortedMap<String, List<String>> tables() {
    List<String> sums = new ArrayList<>();
    emitters.forEach((address, sum) ->
        sums.add("%s %s %d %s".formatted(address, sum.contract, sum.events, sum.amount)));
    List<String> tapes =
        deliveries.isEmpty()
            ? List.of()
            : List.of("all %d %s".formatted(deliveries.size(), hex(tape)));
    return new TreeMap<>(
        Map.of(
            RouteTables.DELIVERY, deliveries, RouteTables.EMITTER, sums, RouteTables.TAPE, tapes));
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }
}
