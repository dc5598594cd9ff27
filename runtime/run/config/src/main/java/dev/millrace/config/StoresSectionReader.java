package dev.millrace.config;

import dev.millrace.config.Config.ClickHouse;
import dev.millrace.config.Config.Postgres;
import dev.millrace.config.Config.Stores;
import dev.millrace.loaders.Storage;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;

/** Reads the stores. Their URLs may carry passwords, so messages never repeat them. */
final class StoresSectionReader {
  private static final String DATABASE =
      "letters, digits and _, no digit first, at most 63 of them";

  /** The values of {@code entities}. */
  private enum Kept {
    BOTH,
    POSTGRES,
    CLICKHOUSE
  }

  Stores read(ConfigSection top, String name) {
    Postgres postgres = postgres(top.section("postgres"));
    Optional<ClickHouse> clickhouse =
        top.mentions("clickhouse")
            ? Optional.of(clickhouse(top.section("clickhouse"), name))
            : Optional.empty();
    return new Stores(postgres, clickhouse);
  }

  private static Postgres postgres(ConfigSection section) {
    Optional<ConfigNode.Text> url = section.scalar("url");
    if (url.isEmpty() || isEmbedded(url.get())) {
      refuseCredentials(section, "an embedded PostgreSQL");
      return new Postgres.Embedded();
    }
    if (!url.get().value().matches("jdbc:postgresql:(//[^/?\\s]+/)?[^/?\\s]+(\\?\\S*)?")) {
      section.report(
          "url",
          url.get(),
          "is not the address of a PostgreSQL database",
          "embedded, or jdbc:postgresql://host:port/database");
    }
    return new Postgres.Server(url.get().value(), section.text("user"), section.text("password"));
  }

  private static ClickHouse clickhouse(ConfigSection section, String name) {
    section.require("url", "embedded, or http://host:port");
    Optional<ConfigNode.Text> database = section.scalar("database");
    database
        .filter(text -> !text.value().matches("[A-Za-z_][A-Za-z0-9_]{0,62}"))
        .ifPresent(text ->
            section.report("database", text, "is not a name: value=" + text.shown(), DATABASE));
    return new ClickHouse(
        engine(section),
        database.map(ConfigNode.Text::value).orElse(name),
        section
            .word("entities", Kept.class)
            .map(StoresSectionReader::storage)
            .orElse(Storage.BOTH));
  }

  private static ClickHouse.Engine engine(ConfigSection section) {
    Optional<ConfigNode.Text> url = section.scalar("url");
    if (url.isEmpty() || isEmbedded(url.get())) {
      if (url.isPresent()) {
        refuseCredentials(section, "an embedded ClickHouse");
      }
      return new ClickHouse.Embedded();
    }
    if (!url.get().value().matches("https?://[^/?#@\\s]+/?")) {
      section.report(
          "url",
          url.get(),
          "is not the address of a ClickHouse server",
          "embedded, or the address of its HTTP interface, such as http://127.0.0.1:8123");
    } else if (!hasHost(url.get().value())) {
      section.report(
          "url",
          url.get(),
          "names a host that its HTTP client does not take",
          "a name of letters, digits, dots and hyphens, such as an alias in Compose, or an address");
    }
    return new ClickHouse.Server(url.get().value(), section.text("user"), section.text("password"));
  }

  /** False for names with an underscore, which container networks have and DNS forbids. */
  private static boolean hasHost(String url) {
    try {
      return new URI(url).getHost() != null;
    } catch (URISyntaxException _) {
      return false;
    }
  }

  private static Storage storage(Kept kept) {
    return switch (kept) {
      case BOTH -> Storage.BOTH;
      case POSTGRES -> Storage.POSTGRES;
      case CLICKHOUSE -> Storage.CLICKHOUSE;
    };
  }

  private static boolean isEmbedded(ConfigNode.Text url) {
    return url.value().equals("embedded");
  }

  private static void refuseCredentials(ConfigSection section, String server) {
    for (String key : List.of("user", "password")) {
      section
          .scalar(key)
          .ifPresent(
              text -> section.report(key, text, "does nothing for " + server, "a url beside it"));
    }
  }
}
