package dev.millrace.jobs;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** The name of this machine, as status shows it. */
final class HostName {
  private HostName() {}

  static String local() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "unknown";
    }
  }
}
