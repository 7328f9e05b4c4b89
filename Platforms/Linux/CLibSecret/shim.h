// libsecret and GLib for Swift. The interface over object paths, which is what can be asked without starting a prompt,
// lies behind these two definitions.
#define SECRET_WITH_UNSTABLE 1
#define SECRET_API_SUBJECT_TO_CHANGE 1
#include <libsecret/secret.h>
#include <string.h>

// libsecret's SecretService always takes the process' shared connection to the session bus. The type below is the same
// on a connection that is given to it: its constructor sets again what the one it inherits has overwritten. It watches
// nothing and loads nothing, so that no signal is queued for a main loop that nobody runs.

static inline GObject *mesh_secret_service_constructor(GType type, guint count, GObjectConstructParam *properties) {
    GObjectClass *inherited = (GObjectClass *)g_type_class_peek(SECRET_TYPE_SERVICE);
    const char *owner = NULL;
    for (guint index = 0; index < count; index++) {
        if (strcmp(properties[index].pspec->name, "g-name") == 0) owner = g_value_get_string(properties[index].value);
    }
    GObject *object = inherited->constructor(type, count, properties);
    g_object_set(object, "g-bus-type", G_BUS_TYPE_NONE, "g-name", owner, "g-flags",
                 G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS |
                     G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                 NULL);
    return object;
}

static inline void mesh_secret_service_class_init(gpointer object_class, gpointer data) {
    (void)data;
    ((GObjectClass *)object_class)->constructor = mesh_secret_service_constructor;
}

static inline GType mesh_secret_service_get_type(void) {
    static gsize type = 0;
    if (g_once_init_enter(&type)) {
        GTypeQuery query;
        g_type_query(SECRET_TYPE_SERVICE, &query);
        g_once_init_leave(&type, g_type_register_static_simple(SECRET_TYPE_SERVICE, "MeshSecretServiceProxy",
                                                               query.class_size, mesh_secret_service_class_init,
                                                               query.instance_size, NULL, 0));
    }
    return type;
}

// A secret service that talks over `connection` to the program that owns the unique name `owner`.
static inline SecretService *mesh_secret_service_new(GDBusConnection *connection, const char *owner,
                                                     GCancellable *cancellable, GError **error) {
    return (SecretService *)g_initable_new(mesh_secret_service_get_type(), cancellable, error, "g-connection",
                                           connection, "g-name", owner, NULL);
}
