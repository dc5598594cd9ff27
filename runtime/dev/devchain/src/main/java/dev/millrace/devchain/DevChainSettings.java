package dev.millrace.devchain;

import dev.millrace.loaders.MillraceException;
import dev.millrace.loaders.Remedy;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * Size and contents of a dev chain. Equal settings make equal chains.
 *
 * @param blocks the number of blocks at the beginning; the chain can grow
 * @param logs transfers per block, on average: every eighth block has none, another one twice as
 *     many
 * @param accounts distinct accounts once the chain is long enough
 * @param names events of the name registry per block
 * @param pools the activity of the exchange
 */
public record DevChainSettings(
    long seed, long blocks, int logs, int accounts, int names, Pools pools) {
  public static final DevChainSettings DEFAULTS =
      new DevChainSettings(1, 80_000, 25, 30_000, 2, new Pools(0, 0, false));

  private static final int MAX_LOGS = 100_000;
  private static final int MAX_POOLS = 1_000_000;

  /**
   * The activity of the exchange.
   *
   * @param count pools that its factory creates, all within the first thousand blocks
   * @param swaps transactions per block that swap in a pool
   * @param vaults true if pools announce vaults, and both emit transfers
   */
  public record Pools(int count, int swaps, boolean vaults) {
    public Pools {
      if (count < 0 || count > MAX_POOLS || swaps < 0 || swaps >= 1 << 16) {
        throw new IllegalArgumentException(
            "dev chain has impossible pools: pools=%d swaps=%d".formatted(count, swaps));
      }
    }
  }

  public DevChainSettings {
    if (blocks < 0 || logs < 0 || logs > MAX_LOGS || names < 0 || names > MAX_LOGS) {
      throw new IllegalArgumentException(
          "dev chain has an impossible size: blocks=%d logs=%d names=%d"
              .formatted(blocks, logs, names));
    }
    if (accounts < DevChainTransfers.HOT) {
      throw new IllegalArgumentException(
          "dev chain needs more accounts: accounts=%d least=%d"
              .formatted(accounts, DevChainTransfers.HOT));
    }
  }

  public DevChainSettings withSeed(long other) {
    return new DevChainSettings(other, blocks, logs, accounts, names, pools);
  }

  public DevChainSettings withBlocks(long other) {
    return new DevChainSettings(seed, other, logs, accounts, names, pools);
  }

  public DevChainSettings withLogs(int other) {
    return new DevChainSettings(seed, blocks, other, accounts, names, pools);
  }

  public DevChainSettings withAccounts(int other) {
    return new DevChainSettings(seed, blocks, logs, other, names, pools);
  }

  public DevChainSettings withNames(int other) {
    return new DevChainSettings(seed, blocks, logs, accounts, other, pools);
  }

  public DevChainSettings withPools(int count, int swaps) {
    return withPools(new Pools(count, swaps, pools.vaults()));
  }

  /** Chooses whether pools announce contracts in turn. */
  public DevChainSettings withVaults(boolean wanted) {
    return withPools(new Pools(pools.count(), pools.swaps(), wanted));
  }

  private DevChainSettings withPools(Pools other) {
    return new DevChainSettings(seed, blocks, logs, accounts, names, other);
  }

  /** Returns the endpoint that stands for such a chain in a configuration. */
  public String endpoint() {
    return "dev://chain?seed=%d&blocks=%d&logs=%d&accounts=%d&names=%d&pools=%d&swaps=%d"
            .formatted(seed, blocks, logs, accounts, names, pools.count(), pools.swaps())
        + (pools.vaults() ? "&vaults=true" : "");
  }

  /**
   * Reads an endpoint like {@code dev://chain?seed=1&blocks=80000}; omitted settings have their
   * defaults.
   *
   * @throws MillraceException if the endpoint has an unknown or invalid setting
   */
  public static DevChainSettings of(String endpoint) {
    int question = endpoint.indexOf('?');
    DevChainSettings settings = DEFAULTS;
    if (question < 0 || question == endpoint.length() - 1) {
      return settings;
    }
    Set<String> seen = new TreeSet<>();
    for (String pair : endpoint.substring(question + 1).split("&", -1)) {
      int equals = pair.indexOf('=');
      String key = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      if (!seen.add(key)) {
        throw refused(endpoint, "key is given twice: key=" + key);
      }
      settings = settings.with(endpoint, key, URLDecoder.decode(value, StandardCharsets.UTF_8));
    }
    return settings;
  }

  private DevChainSettings with(String endpoint, String key, String value) {
    try {
      return switch (key) {
        case "seed" -> withSeed(Long.parseLong(value));
        case "blocks" -> withBlocks(Long.parseLong(value));
        case "logs" -> withLogs(Integer.parseInt(value));
        case "accounts" -> withAccounts(Integer.parseInt(value));
        case "names" -> withNames(Integer.parseInt(value));
        case "pools" -> withPools(Integer.parseInt(value), pools.swaps());
        case "swaps" -> withPools(pools.count(), Integer.parseInt(value));
        case "vaults" -> withVaults(Boolean.parseBoolean(value));
        default ->
            throw refused(
                endpoint,
                "key is unknown: key=%s known=seed blocks logs accounts names pools swaps vaults"
                    .formatted(key));
      };
    } catch (NumberFormatException notANumber) {
      throw refused(endpoint, "value is no number: key=%s value=%s".formatted(key, value));
    } catch (IllegalArgumentException impossible) {
      throw refused(endpoint, String.valueOf(impossible.getMessage()));
    }
  }

  private static MillraceException refused(String endpoint, String why) {
    return new MillraceException(
        Remedy.FIX_SETUP,
        "dev chain is refused: endpoint=%s reason=\"%s\"".formatted(endpoint, why));
  }
}
