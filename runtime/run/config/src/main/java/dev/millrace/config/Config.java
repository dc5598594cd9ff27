package dev.millrace.config;

import dev.millrace.evm.SourceOptions;
import dev.millrace.jsonrpc.UrlAuthority;
import dev.millrace.lane.LaneSettings;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Storage;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The configuration of one process. {@link ConfigFile} reads it from YAML; an embedding program may
 * build it.
 *
 * <p>No {@code toString} here shows a password, nor the parts of an endpoint's address beyond its
 * host.
 */
public record Config(
    String name,
    Stores stores,
    List<Chain> chains,
    LaneSettings pipeline,
    Jobs jobs,
    Http http,
    Path dataDir) {

  public Config {
    chains = List.copyOf(chains);
  }

  /** Uses the default settings of jobs. */
  public Config(
      String name,
      Stores stores,
      List<Chain> chains,
      LaneSettings pipeline,
      Http http,
      Path dataDir) {
    this(name, stores, chains, pipeline, Jobs.DEFAULTS, http, dataDir);
  }

  /** Keeps all rows in PostgreSQL. */
  public Config(
      String name,
      Postgres postgres,
      List<Chain> chains,
      LaneSettings pipeline,
      OptionalInt httpPort,
      Path dataDir) {
    this(name, new Stores(postgres, Optional.empty()), chains, pipeline, httpPort, dataDir);
  }

  /** Serves HTTP at the loopback address only. */
  public Config(
      String name,
      Stores stores,
      List<Chain> chains,
      LaneSettings pipeline,
      OptionalInt httpPort,
      Path dataDir) {
    this(name, stores, chains, pipeline, new Http(httpPort, Http.LOOPBACK), dataDir);
  }

  public OptionalInt httpPort() {
    return http.port();
  }

  public Postgres postgres() {
    return stores.postgres();
  }

  /** The mirror; empty if nothing is mirrored. */
  public Optional<ClickHouse> clickhouse() {
    return stores.clickhouse();
  }

  public Config withDataDir(Path directory) {
    return new Config(name, stores, chains, pipeline, jobs, http, directory);
  }

  public Config withHttpPort(OptionalInt port) {
    return new Config(name, stores, chains, pipeline, jobs, new Http(port, http.host()), dataDir);
  }

  public Config withPipeline(LaneSettings other) {
    return new Config(name, stores, chains, other, jobs, http, dataDir);
  }

  public Config withClickHouse(Optional<ClickHouse> mirror) {
    Stores other = new Stores(stores.postgres(), mirror);
    return new Config(name, other, chains, pipeline, jobs, http, dataDir);
  }

  public Config withJobs(Jobs other) {
    return new Config(name, stores, chains, pipeline, other, http, dataDir);
  }

  /**
   * The workers of a process, for the jobs of its program. An empty value has the default of the
   * jobs themselves.
   *
   * @param workers the workers that the process starts; none of them claims a run if it is zero
   * @param concurrency runs at a time in each queue of a worker that {@code queues} does not name
   * @param queues runs at a time by queue
   * @param lease time after which the runs of a silent worker are taken over
   * @param drain time that a stop gives to runs before it hands them back
   * @param retention age at which an ended run is deleted; empty if none ever is
   */
  public record Jobs(
      int workers,
      OptionalInt concurrency,
      Map<String, Integer> queues,
      Optional<Duration> lease,
      Optional<Duration> drain,
      Optional<Duration> retention) {
    public static final Duration DEFAULT_RETENTION = Duration.ofDays(30);

    public static final Jobs DEFAULTS =
        new Jobs(
            1,
            OptionalInt.empty(),
            Map.of(),
            Optional.empty(),
            Optional.empty(),
            Optional.of(DEFAULT_RETENTION));

    public Jobs {
      queues = Map.copyOf(queues);
    }
  }

  /**
   * The HTTP address of a running indexer.
   *
   * @param port empty if HTTP is off
   * @param host the address to listen at; any but the loopback address lets other machines connect
   */
  public record Http(OptionalInt port, String host) {
    public static final String LOOPBACK = "127.0.0.1";
  }

  /** The stores that rows are written to. */
  public record Stores(Postgres postgres, Optional<ClickHouse> clickhouse) {}

  /** The authority: an embedded PostgreSQL below the data directory, or an external server. */
  public sealed interface Postgres {
    record Embedded() implements Postgres {
      @Override
      public String toString() {
        return "embedded";
      }
    }

    record Server(String url, Optional<String> user, Optional<String> password)
        implements Postgres {
      @Override
      public String toString() {
        // Everything from the question mark on may hold credentials.
        return url.replaceFirst("//[^/]*@", "//").replaceFirst("\\?.*", "");
      }
    }
  }

  /**
   * The mirror.
   *
   * @param database used by this indexer and by no other
   * @param entities the stores of entities whose definition sets none
   */
  public record ClickHouse(Engine engine, String database, Storage entities) {
    /** An embedded ClickHouse below the data directory, or an external server. */
    public sealed interface Engine {}

    public record Embedded() implements Engine {
      @Override
      public String toString() {
        return "embedded";
      }
    }

    /** A server that is called over HTTP. */
    public record Server(String url, Optional<String> user, Optional<String> password)
        implements Engine {
      @Override
      public String toString() {
        return url.replaceFirst("//[^/]*@", "//").replaceFirst("\\?.*", "");
      }
    }
  }

  /**
   * One chain, which is one lane.
   *
   * @param origin the places in the config where the chain's keys were written
   */
  public record Chain(
      long id,
      List<Endpoint> endpoints,
      IndexedRange range,
      List<Contract> contracts,
      SourceOptions reading,
      Origin origin) {
    public Chain {
      endpoints = List.copyOf(endpoints);
      contracts = List.copyOf(contracts);
    }

    /** Uses the default {@link SourceOptions}, and an origin outside any file. */
    public Chain(
        long id,
        List<Endpoint> endpoints,
        long from,
        End to,
        Finality finality,
        List<Contract> contracts) {
      this(
          id,
          endpoints,
          new IndexedRange(from, to, finality),
          contracts,
          SourceOptions.DEFAULTS,
          Origin.NONE);
    }

    public long from() {
      return range.from();
    }

    public End to() {
      return range.to();
    }

    public Finality finality() {
      return range.finality();
    }
  }

  /** The blocks of a chain to index, and the rule by which they are final. */
  public record IndexedRange(long from, End to, Finality finality) {}

  /**
   * The places where the keys of a section were written, so that a mistake found later can be
   * reported like one in the file.
   *
   * @param section the path of the section, such as {@code chains[0]}; empty without a file
   * @param places the file and line, or the variable, of keys below it
   */
  public record Origin(String section, Map<String, String> places) {
    public static final Origin NONE = new Origin("", Map.of());

    public Origin {
      places = Map.copyOf(places);
    }

    /** Names a key in a message: {@code millrace.yaml:7: chains[0].rpc}. */
    public String of(String key) {
      String place = places.getOrDefault(key, places.getOrDefault("", ""));
      String path = section.isEmpty() ? key : section + "." + key;
      return place.isEmpty() ? path : place + ": " + path;
    }
  }

  /**
   * The URL of a node. Providers put keys into the path and the query, so only the host is ever
   * shown.
   */
  public record Endpoint(URI url) {
    public String scheme() {
      return url.getScheme();
    }

    @Override
    public String toString() {
      return UrlAuthority.of(url)
          .map(authority -> url.getScheme() + "://" + authority)
          .orElse(url.getScheme() + ":…");
    }
  }

  /** The end of indexing a chain. */
  public sealed interface End {
    /** The last block, inclusive. */
    record At(long block) implements End {}

    /** The head at start. */
    record Latest() implements End {}

    /** Never: the lane follows the chain. */
    record Open() implements End {}
  }

  /**
   * The rule by which a block counts as final; the safer of tag and depth if both are given.
   * Without either, the block that the chain's nodes call finalized decides, or a depth that is
   * known for this chain.
   */
  public record Finality(Optional<Tag> tag, OptionalInt depth) {
    public enum Tag {
      FINALIZED,
      SAFE
    }
  }

  /** The addresses of a contract that the indexer names. */
  public record Contract(String name, List<Address> addresses) {
    public Contract {
      addresses = List.copyOf(addresses);
    }
  }
}
