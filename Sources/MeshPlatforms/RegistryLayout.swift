import MeshCore

/// Where things are in the registry tree (platform specification §3 and §14).
public enum RegistryLayout {
    /// The unnamed value is the default account; values by account are profile fingerprints.
    public static let accounts = RegistryPath(literal: "Accounts")
    /// Values by account: the fingerprint of the personal profile behind it.
    public static let accountEntries = RegistryPath(literal: "Accounts/Entries")
    /// The pinned key store.
    public static let keyStore = RegistryPath(literal: "KeyStore")
    /// The value of ``keyStore`` that names the pinned store.
    public static let storeName = "Store"
    /// The value of ``keyStore`` that names the provider it was pinned with.
    public static let storeProvider = "Provider"
    /// The value of ``keyStore`` that names the collection it was pinned with.
    public static let storeCollection = "Collection"
    /// The value of ``keyStore`` that holds the canary (a nonce UDF).
    public static let storeCanary = "Canary"

    /// The value of a profile entry that holds the path of the latest version, relative to the root.
    public static let file = "File"
    /// The value of a profile entry that holds the path of the archive, relative to the root.
    public static let archive = "Archive"
    /// The value of a profile entry that holds a name for a person.
    public static let friendlyName = "Name"
    /// The value of a profile entry that says what is being done with it; absent when nothing is.
    public static let stage = "Stage"
    /// The value of the entry of a personal profile that is being imported, if nothing of it was here before.
    public static let isNew = "New"
    /// The value of a personal profile's entry that lists its portal accounts, the default first.
    public static let portals = "Portals"
    /// The value of a personal profile's entry that names the device by which this machine acts for it.
    public static let device = "Device"
    /// The value of a personal profile's entry that names the portal account that is being made for it; absent when none is.
    public static let registering = "Registering"
    /// Beside a personal profile: that a device is being removed from its account.
    public static let rekeying = "Rekeying"
    /// Values by the domain of a portal: the fingerprint of the service that was first met there.
    public static let services = RegistryPath(literal: "Portals/Services")

    /// The key of a personal profile's entry that tells of its recovery shares.
    public static let recovery = "Recovery"
    /// The key of a personal profile's entry whose values are its own defaults by type of application; beside the application
    /// profiles, the key of those of the machine.
    public static let defaults = "Defaults"
}
