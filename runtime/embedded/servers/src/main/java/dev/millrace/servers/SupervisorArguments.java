package dev.millrace.servers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of a supervisor.
 *
 * @param port the port to listen on, or to try first
 * @param command the words that start the server, without its arguments
 */
record SupervisorArguments(
    int port, boolean fixedPort, Duration grace, String rights, List<String> command) {

  List<String> arguments() {
    List<String> arguments = new ArrayList<>();
    arguments.add(Integer.toString(port));
    arguments.add(Boolean.toString(fixedPort));
    arguments.add(grace.toString());
    arguments.add(rights);
    arguments.addAll(command);
    return arguments;
  }

  static SupervisorArguments parse(List<String> arguments) {
    return new SupervisorArguments(
        Integer.parseInt(arguments.get(0)),
        Boolean.parseBoolean(arguments.get(1)),
        Duration.parse(arguments.get(2)),
        arguments.get(3),
        arguments.subList(4, arguments.size()));
  }
}
