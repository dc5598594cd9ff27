package dev.millrace.config;

import dev.millrace.config.Config.Endpoint;
import dev.millrace.jsonrpc.UrlAuthority;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Reads {@code rpc}. The URL of a node is often a key, so no message repeats it. */
final class EndpointsSectionReader {
  static final String ENDPOINT = "the URL of a node, such as http://127.0.0.1:8545";

  private static final Set<String> NODES = Set.of("http", "https", "ws", "wss");
  private static final String PLAYED = "dev";

  private final List<ConfigProblem> problems;

  EndpointsSectionReader(List<ConfigProblem> problems) {
    this.problems = problems;
  }

  List<Endpoint> read(ConfigSection section) {
    List<ConfigNode> items = section.items("rpc");
    if (items.isEmpty() && section.isList("rpc")) {
      section.reportKey("rpc", "is empty", ENDPOINT);
    }
    List<Endpoint> endpoints = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      String key = items.size() == 1 ? "rpc" : "rpc[" + i + "]";
      switch (items.get(i)) {
        case ConfigNode.Text text -> endpoint(section, key, text).ifPresent(endpoints::add);
        case ConfigNode.Nothing nothing ->
            problems.add(
                new ConfigProblem(nothing.place(), section.path(key), "is empty", ENDPOINT));
        case ConfigNode.Items _, ConfigNode.Section _, ConfigNode.Broken _ -> {
          // Reported when the kinds were checked.
        }
      }
    }
    Set<String> kinds = new LinkedHashSet<>();
    endpoints.forEach(endpoint -> kinds.add(NODES.contains(endpoint.scheme()) ? "node" : PLAYED));
    if (kinds.size() > 1) {
      section.reportKey("rpc", "names nodes and a dev chain", "either of them for one chain");
    }
    return endpoints;
  }

  private static Optional<Endpoint> endpoint(
      ConfigSection section, String key, ConfigNode.Text text) {
    URI url;
    try {
      url = new URI(text.value().strip());
    } catch (URISyntaxException _) {
      section.report(key, text, "is not a URL", ENDPOINT);
      return Optional.empty();
    }
    if (url.getScheme() == null || url.isOpaque()) {
      section.report(key, text, "is not a URL", ENDPOINT);
      return Optional.empty();
    }
    String scheme = url.getScheme().toLowerCase(Locale.ROOT);
    if (!NODES.contains(scheme) && !scheme.equals(PLAYED)) {
      section.report(
          key,
          text,
          "has a scheme that is none of a node: scheme=" + scheme,
          "http, https, ws or wss, as in http://127.0.0.1:8545");
      return Optional.empty();
    }
    if (NODES.contains(scheme) && UrlAuthority.of(url).isEmpty()) {
      section.report(key, text, "names no host", ENDPOINT);
      return Optional.empty();
    }
    return Optional.of(new Endpoint(url));
  }
}
