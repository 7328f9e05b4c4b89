import MeshCore
import MeshDARE
import MeshSessions

extension FuzzTarget {
    /// Passwords, as browsers and password managers export them.
    static let passwords = [
        FuzzTarget("credential-file", seeds: { samples.map { Array($0.utf8) } }) { input in
            guard let file = try? CredentialFile(SecretBytes(copying: input), length: input.count) else { return }
            var reader = CredentialFile.Reader(file)
            var count = 0
            do {
                while let login = try reader.next() {
                    count += 1
                    guard let place = ImportedPlace(login) else { continue }
                    for name in [nil, login.username] {
                        var entry = CatalogedCredential(
                            service: place.service(naming: name), networkProtocol: place.networkProtocol)
                        entry.username = login.username.isEmpty ? nil : login.username
                        require(
                            ImportedPlace.places(of: entry).contains(place), "what was imported is not known again")
                    }
                }
            } catch {
                require(false, "an entry that was read does not read again")
            }
            require(count == file.count, "entries are lost")
        }
    ]

    private static let samples = [
        "name,url,username,password,note\r\nA,https://a.example/x,alice,\"p,\"\"\",\"n\nm\"\r\n",
        "\u{FEFF}url,username,password,httpRealm,formActionOrigin,guid\nhttps://a.example,b,c,,,\n",
        """
        "Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created"
        "Root/W","E","a/b","p","HTTP://u@E.example:80/","","otpauth://totp/x?secret=JBSWY3DPEHPK3PXP","0","",""

        """,
        "folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp\n"
            + "S,1,login,E,n,f: 1,0,androidapp://x,a,p,JBSWY3DPEHPK3PXP\n,,note,N,w,,0,,,,\n",
        "Title;Login;Password;Website;OTP;Other\nBank;a;p;;x;17\n",
        """
        {"encrypted":false,"folders":[{"id":"f","name":"S"}],"items":[{"folderId":"f","type":1,"name":"E",
        "notes":null,"favorite":true,"fields":[{"name":"n","value":"v"}],"login":{"uris":[{"uri":"https://e.example"},
        {"uri":"x"}],"username":"a","password":"\\u00e4\\ud83d\\ude00\\n","totp":"JBSW Y3DP"}},{"type":2}]}
        """,
    ]
}
