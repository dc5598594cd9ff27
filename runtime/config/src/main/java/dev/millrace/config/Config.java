package dev.millrace.config;

import dev.millrace.evm.Reading;
import dev.millrace.loaders.Address;
import dev.millrace.loaders.Storage;
import dev.millrace.pipeline.LaneSettings;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What one process is asked to run. {@link ConfigFile} reads it from YAML; an embedding program may
 * build it.
 *
 * <p>No {@code toString} here shows a password, nor what an endpoint's address carries beyond its
 * host.
 */
public record Config(
    String name,
    Stores stores,
    List<Chain> chains,
    LaneSettings pipeline,
    Http http,
    Path dataDir) {

  public Config {
    chains = List.copyOf(chains);
  }

  /** Everything in PostgreSQL. */
  public Config(
      String name,
      Postgres postgres,
      List<Chain> chains,
      LaneSettings pipeline,
      OptionalInt httpPort,
      Path dataDir) {
    this(name, new Stores(postgres, Optional.empty()), chains, pipeline, httpPort, dataDir);
  }

  /** Over HTTP at the loopback address only. */
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

  /** Empty where nothing is mirrored. */
  public Optional<ClickHouse> clickhouse() {
    return stores.clickhouse();
  }

  public Config withDataDir(Path directory) {
    return new Config(name, stores, chains, pipeline, http, directory);
  }

  public Config withHttpPort(OptionalInt port) {
    return new Config(name, stores, chains, pipeline, new Http(port, http.host()), dataDir);
  }

  public Config withPipeline(LaneSettings other) {
    return new Config(name, stores, chains, other, http, dataDir);
  }

  public Config withClickHouse(Optional<ClickHouse> mirror) {
    Stores other = new Stores(stores.postgres(), mirror);
    return new Config(name, other, chains, pipeline, http, dataDir);
  }

  /**
   * Where a running indexer answers.
   *
   * @param port none if it does not
   * @param host the address to listen at; another than the loopback one lets other machines ask
   */
  public record Http(OptionalInt port, String host) {
    public static final String LOOPBACK = "127.0.0.1";
  }

  /** Where rows go. */
  public record Stores(Postgres postgres, Optional<ClickHouse> clickhouse) {}

  /** The authority: a PostgreSQL of our own below the data directory, or one that somebody runs. */
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
   * @param database of this indexer and of no other
   * @param entities which stores keep those that say nothing of it themselves
   */
  public record ClickHouse(Engine engine, String database, Storage entities) {
    /** A ClickHouse of our own below the data directory, or one that somebody runs. */
    public sealed interface Engine {}

    public record Embedded() implements Engine {
      @Override
      public String toString() {
        return "embedded";
      }
    }

    /** Spoken to over HTTP. */
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
   * @param origin where all of this was written
   */
  public record Chain(
      long id,
      List<Endpoint> endpoints,
      Stretch stretch,
      List<Contract> contracts,
      Reading reading,
      Origin origin) {
    public Chain {
      endpoints = List.copyOf(endpoints);
      contracts = List.copyOf(contracts);
    }

    /** Read as usual, and written in no file. */
    public Chain(
        long id,
        List<Endpoint> endpoints,
        long from,
        End to,
        Finality finality,
        List<Contract> contracts) {
      this(id, endpoints, new Stretch(from, to, finality), contracts, Reading.USUAL, Origin.NONE);
    }

    public long from() {
      return stretch.from();
    }

    public End to() {
      return stretch.to();
    }

    public Finality finality() {
      return stretch.finality();
    }
  }

  /** Which blocks of a chain, and from when on they are final. */
  public record Stretch(long from, End to, Finality finality) {}

  /**
   * Where the keys of a section were written, so that what turns out to be wrong later can be told
   * like a mistake in the file.
   *
   * @param section the path of the section, such as {@code chains[0]}; empty without a file
   * @param places the file and line, or the variable, of keys below it
   */
  public record Origin(String section, Map<String, String> places) {
    public static final Origin NONE = new Origin("", Map.of());

    public Origin {
      places = Map.copyOf(places);
    }

    /** How a message names a key: {@code millrace.yaml:7: chains[0].rpc}. */
    public String of(String key) {
      String place = places.getOrDefault(key, places.getOrDefault("", ""));
      String path = section.isEmpty() ? key : section + "." + key;
      return place.isEmpty() ? path : place + ": " + path;
    }
  }

  /**
   * Where a chain is read. Providers put keys into the path and the query, so only the host is ever
   * shown.
   */
  public record Endpoint(URI url) {
    public String scheme() {
      return url.getScheme();
    }

    @Override
    public String toString() {
      if (url.getHost() == null) {
        return url.getScheme() + ":…";
      }
      return url.getScheme()
          + "://"
          + url.getHost()
          + (url.getPort() < 0 ? "" : ":" + url.getPort());
    }
  }

  /** Where a chain ends for us. */
  public sealed interface End {
    /** The last block, itself included. */
    record At(long block) implements End {}

    /** The head that is seen at start. */
    record Latest() implements End {}

    /** Never: follow the chain. */
    record Open() implements End {}
  }

  /**
   * From when on a block counts as final; where both are given, the safer of them. Where neither
   * is, the block that the chain's nodes call finalized decides, or a depth that is known for this
   * chain.
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
